"""Loads each variant in turn: a service of its own, a probe while it is idle, then Locust."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bundle.runtimes import is_available
from bundle.store import Bundle
from loadtests.client import ServiceClient
from loadtests.cores import Cores, bound_to
from loadtests.errors import LoadTestError
from loadtests.generator import Schedule, generate, window
from loadtests.payloads import Payloads, build, held_out
from loadtests.probe import probe
from loadtests.result import Result, Skipped
from loadtests.server_process import Server, started
from loadtests.summary import summarise
from loadtests.target import target_of


@dataclass(frozen=True)
class Plan:
    """What is measured, and how."""

    models: Path
    bundle: Bundle
    variants: tuple[str, ...]
    rows: tuple[int, ...]
    schedule: Schedule
    out: Path
    cores: Cores
    host: str | None = None
    """A service that is already running; otherwise one is started for each variant."""

    @property
    def seconds(self) -> int:
        """How long the loads take in all, without what lies between them."""
        return len(self.variants) * len(self.rows) * self.schedule.run_time_s


class Progress(Protocol):
    """Whoever wants to know how far the run is."""

    def begin(self, variant: str, rows: int | None) -> None:
        """A variant's service is being started (`rows` is None), or a load begins."""

    def advance(self, seconds: float) -> None:
        """So much time of a load has gone by."""


def run(plan: Plan, progress: Progress) -> Iterator[Result | Skipped]:
    """Measure, and yield what each load came to as soon as it is known.

    A variant that cannot be loaded is skipped with the reason, and the rest goes on.
    """
    x, y = held_out(plan.bundle)
    payloads = [build(x, y, rows) for rows in plan.rows]
    for name in plan.variants:
        variant = plan.bundle.variant(name)
        if not plan.host and not is_available(variant):
            yield Skipped(name, "the library that runs it is not installed here", failed=False)
            continue
        progress.begin(name, None)
        try:
            with _service(plan, name) as server:
                for bodies in payloads:
                    progress.begin(name, bodies.rows)
                    yield _load(plan, name, server, bodies, progress)
        except LoadTestError as error:
            yield Skipped(name, str(error), failed=True)


def _service(plan: Plan, variant: str) -> AbstractContextManager[Server]:
    if plan.host:
        return nullcontext(Server(plan.host))
    return started(plan.models, variant, log=plan.out / f"service-{variant}.log", core=plan.cores.service)


def _load(plan: Plan, name: str, server: Server, payloads: Payloads, progress: Progress) -> Result:
    target = target_of(plan.bundle, name)
    with ServiceClient(server.host) as client, bound_to(plan.cores.generator):
        client.ask(target, payloads.bodies[0])
        unloaded = probe(client, target, payloads)
    samples_file = plan.out / "samples" / f"{name}-{payloads.rows}.npz"
    samples = generate(
        server.host,
        plan.models,
        target,
        rows=payloads.rows,
        schedule=plan.schedule,
        samples=samples_file,
        core=plan.cores.generator,
        advance=progress.advance,
    )
    variant = plan.bundle.variant(name)
    return Result(
        variant=name,
        rows=payloads.rows,
        bytes=variant.bytes,
        offline_accuracy=variant.scores.accuracy,
        summary=summarise(samples, *window(samples, plan.schedule)),
        unloaded=unloaded,
        resident_bytes=server.resident_bytes(),
        samples=samples_file.relative_to(plan.out).as_posix(),
    )


def failed(outcomes: Sequence[Result | Skipped]) -> bool:
    """Tell whether a variant could not be measured, or a request failed."""
    return any(one.failed if isinstance(one, Skipped) else bool(one.summary.failed) for one in outcomes)
