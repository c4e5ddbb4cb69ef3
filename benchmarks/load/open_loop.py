"""Loads the service at a rate, as `python -m loadtests run --scenario server` does, and reads its report.

An open loop: arrivals are drawn beforehand, and a latency runs from the moment at which its request was due.
So a generator that falls behind makes the service look worse, and never better.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.errors import ProcessError, VoidRunError
from benchmarks.measure.sample import Sample
from loadtests.rig.child import Child, program

_REFUSED = "status 503"
_WARM_UP_S = 0.5
_NOT_ASKED = {"answers"}  # refusals and failures are figures here


@dataclass(frozen=True)
class Target:
    """A running service, and what of it is asked for."""

    host: str
    models: Path
    model: str
    variant: str


@dataclass(frozen=True)
class Arrivals(Sample):
    """What became of the requests of one load; `count` were answered within it, of `offered` in all."""

    offered: int = 0
    refused: int = 0
    """With 503: more than the service can do."""
    failed: int = 0
    """Any other answer, or none."""
    resident_bytes: int | None = None
    """Memory of the service at the end of the load; None where it has ended, or is not ours to look into."""


def at_rate(target: Target, rate: float, *, seconds: float, seed: int, out: Path) -> Arrivals:
    """Send so many requests a second. Raises ProcessError, and VoidRunError as `read` does."""
    options = ("--rate", f"{rate:g}", "--seed", str(seed), "--blocks", "1", "--budget", f"{seconds:g}")
    return read(result_of(target, options, out))


def read(result: Mapping[str, Any]) -> Arrivals:
    """Read one result of a load test's `report.json`.

    Raises VoidRunError where a check says that the figures are about something else than the service, or
    where nothing was answered. One connection that fails is a figure, and no reason to throw away the rest.
    """
    found = [one for one in result["checks"] if one["passed"] is False and one["name"] not in _NOT_ASKED]
    if found:
        raise VoidRunError(" ".join(one["detail"] for one in found))
    count = round(result["requests_per_s"] * result["seconds"])
    if count == 0:
        raise VoidRunError(f"not one of {result['offered']} requests was answered in time")
    failures = dict(result["failures"])
    refused = failures.pop(_REFUSED, 0)
    return Arrivals(
        count=count,
        seconds=result["seconds"],
        p50_us=1e3 * result["p50_ms"],
        p99_us=1e3 * result["p99_ms"],
        load_cpu=result["generator_cpu"],
        offered=result["offered"],
        refused=refused,
        failed=sum(failures.values()),
    )


def result_of(target: Target, options: tuple[str, ...], out: Path) -> dict[str, Any]:
    """Carry a load test out into the new folder `out`, and return what it says of its only load.

    An exit code 1 or 3 is no reason not to read that. Raises ProcessError where there is no report.
    """
    out.mkdir(parents=True)
    whom = ("--host", target.host, "--models", str(target.models.resolve()), "--model", target.model)
    what = (
        "--variants",
        target.variant,
        "--scenario",
        "server",
        "--rows",
        "1",
        "--warmup",
        f"{_WARM_UP_S:g}",
    )
    command = program("loadtests", "run", *whom, *what, *options, "--out", str(out))
    with Child(command, log=out / "loadtests.log", core=None) as child:
        code = child.wait(None)
        file = out / "report.json"
        if not file.is_file():
            raise ProcessError(f"the load test ended with exit code {code}:\n{child.tail()}")
    result: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["results"][0]
    return result
