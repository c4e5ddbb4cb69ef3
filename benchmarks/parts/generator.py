"""How fast the load generator is: against Locust's FastHttpUser, both sending to the same server, in turns.

`python -m benchmarks.generator_speed --models models --model digits`
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console

from bundle.errors import BundleError
from loadtests.errors import GeneratorError, LoadTestError
from loadtests.generator.process import Generator
from loadtests.measure.summary import summarise_windows
from loadtests.rig import cores, interruption
from loadtests.rig.child import Child
from loadtests.rig.cores import Cores
from loadtests.rig.turns import turn
from loadtests.system.client import ServiceClient
from loadtests.system.server_process import free_port
from loadtests.workload.order import Order
from loadtests.workload.target import choose_bundle

AIM = 2.0  # times the requests a second of FastHttpUser
_ANSWER_BYTES = 200
_START_S = 60.0
_POLL_S = 0.05


@dataclass(frozen=True)
class Speed:
    """What one contender did in one round."""

    per_s: float
    cpu: float
    """Of its core; a contender below all of it was held up by the server."""


def main(
    *,
    models: Annotated[Path, typer.Option(help="Folder of the models, whose test rows are sent.")] = Path(
        "models"
    ),
    model: Annotated[str | None, typer.Option(help="Model; not needed where there is only one.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="Rows in a request.")] = 1,
    users: Annotated[int, typer.Option(min=1, help="Connections.")] = 32,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.1, help="Seconds of each turn.")] = 3.0,
    host: Annotated[
        str | None, typer.Option(help="A server that is running; by default the bare ASGI application.")
    ] = None,
) -> None:
    """Compare the generator with FastHttpUser in interleaved rounds. Exit code 1 below twice its speed.

    Example: python -m benchmarks.generator_speed --models models --model digits --rounds 5
    """
    interruption.heed()
    try:
        bundle = choose_bundle(models, model, None)
        chosen = cores.choose()
        with tempfile.TemporaryDirectory() as folder:
            logs = Path(folder)
            with Server(host, logs / "bare.log", chosen) as address:
                order = Order(
                    host=address,
                    models=str(models),
                    model=bundle.name,
                    version=bundle.version,
                    variant="",
                    rows=rows,
                    scenario="users",
                    users=users,
                    think_s=0.0,
                    warmup_s=1.0,
                    duration_s=seconds,
                    rate=0.0,
                    seed=0,
                )
                found = _compare(order, logs, chosen, rounds)
    except (LoadTestError, BundleError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the whole answer to a user's mistake
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        print("interrupted: what was started has been stopped", file=sys.stderr)  # noqa: T201 - as above
        raise typer.Exit(interruption.CODE) from None
    ratios = [ours.per_s / theirs.per_s for ours, theirs in found]
    console = Console()
    for index, (ours, theirs) in enumerate(found):
        console.print(
            f"round {index + 1}: ours {ours.per_s:,.0f}/s at {ours.cpu:.0%} of its core, "
            f"FastHttpUser {theirs.per_s:,.0f}/s at {theirs.cpu:.0%}, ratio {ours.per_s / theirs.per_s:.2f}",
            soft_wrap=True,
        )
    cost = median(theirs.cpu / theirs.per_s for _, theirs in found), median(o.cpu / o.per_s for o, _ in found)
    console.print(
        f"ratio of requests a second: {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}); "
        f"processor time a request: {cost[1] * 1e6:.0f} against {cost[0] * 1e6:.0f} microseconds",
        soft_wrap=True,
    )
    raise typer.Exit(0 if median(ratios) >= AIM else 1)


class Server:
    """The server that both are sent to: the bare ASGI application of `benchmarks`, or one that is running."""

    def __init__(self, host: str | None, log: Path, chosen: Cores) -> None:
        self._host = host
        self._child: Child | None = None
        if host is None:
            port = free_port()
            self._host = f"http://127.0.0.1:{port}"
            arguments = ["--port", str(port), "--answer-bytes", str(_ANSWER_BYTES)]
            self._child = Child("benchmarks.subjects.bare", arguments, log=log, core=chosen.service)

    def __enter__(self) -> str:
        assert self._host is not None  # noqa: S101 - set above
        if self._child is not None:
            try:
                self._wait(self._child, self._host)
            except BaseException:
                self._child.stop()  # nobody else will: `with` has not begun
                raise
        return self._host

    def __exit__(self, *_: object) -> None:
        if self._child is not None:
            self._child.stop()

    def _wait(self, child: Child, host: str) -> None:
        deadline = time.monotonic() + _START_S
        with ServiceClient(host) as client:
            while not client.is_ready():
                if child.wait(_POLL_S) is not None or time.monotonic() > deadline:
                    raise GeneratorError(f"the bare application did not start:\n{child.tail()}")


def _compare(order: Order, logs: Path, chosen: Cores, rounds: int) -> list[tuple[Speed, Speed]]:
    """Return our speed and that of FastHttpUser in each round, taken side by side."""
    found: dict[str, list[Speed]] = {"ours": [], "theirs": []}
    with Generator(log=logs / "generator.log", core=chosen.generator) as generator:
        contenders: dict[str, Callable[[], Speed]] = {
            "ours": lambda: _ours(generator, order, logs / "samples.npz"),
            "theirs": lambda: _theirs(order, logs / "fast_http.log", chosen.generator),
        }
        for index in range(rounds):
            for name in turn(list(contenders), index):
                found[name].append(contenders[name]())
    return list(zip(found["ours"], found["theirs"], strict=True))


def _ours(generator: Generator, order: Order, file: Path) -> Speed:
    window = generator.send(order, file)
    answered = window.samples.between(window.start, window.end) & (window.samples.status == 200)
    cpu = summarise_windows([window]).generator_cpu
    return Speed(float(answered.sum() / window.seconds), cpu if cpu is not None else float("nan"))


def _theirs(order: Order, log: Path, core: int | None) -> Speed:
    with Child("benchmarks.subjects.fast_http", [order.as_json()], log=log, core=core, talks=True) as child:
        line = child.hear(order.seconds + _START_S)
        if not line:
            raise GeneratorError(f"FastHttpUser did not report:\n{child.tail()}")
    told = json.loads(line)
    if told["failed"]:
        raise GeneratorError(f"{told['failed']} requests of FastHttpUser failed")
    return Speed(told["per_s"], told["cpu"])


if __name__ == "__main__":
    typer.run(main)
