"""The generator's process as its parent has it: orders go to it, and windows of samples come back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from loadtests.errors import GeneratorError
from loadtests.generator.open_loop import GRACE_S
from loadtests.measure.samples import Samples
from loadtests.measure.summary import Window
from loadtests.measure.turn import TURNS, Taken
from loadtests.rig.child import Child, program
from loadtests.rig.cores import Bound
from loadtests.workload.block import Block
from loadtests.workload.order import Order
from loadtests.workload.scenarios import CLOSED, SCENARIOS

_MARGIN_S = 90.0  # importing, encoding the bodies of a large test set, and reading what was answered
_POLL_S = 0.1


class Generator:
    """A running generator, that carries one order out at a time. Leaving the `with` block ends it.

    After a failure it is another process: of the old one nobody knows which order it would answer next.
    """

    def __init__(self, *, log: Path, core: Bound) -> None:
        self._log = log
        self._core = core
        self._child = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.stop()

    def send(self, order: Order, file: Path, advance: Callable[[float], None] = lambda _: None) -> Window:
        """Send one load, keep its samples in `file`, and return what of them is measured.

        `advance` is told of the seconds gone by. Raises GeneratorError, with the last lines of the log, where
        the generator fails.
        """
        file.unlink(missing_ok=True)
        asked = {"order": order.as_json(), "samples": str(file)}
        self._ask(asked, order.seconds + max(GRACE_S, order.timeout_s), advance)
        samples = Samples.load(file)
        self._see_that_it_is_asked_for(order, samples)
        return window(samples, order)

    def take(self, block: Block, folder: Path, advance: Callable[[float], None] = lambda _: None) -> Taken:
        """Have the loads of a block take their turns, keep what came in `folder`, and return it.

        The folder is there, and holds nothing else. `advance` is told of the seconds gone by. Raises
        GeneratorError, with the last lines of the log, where the generator fails.
        """
        (folder / TURNS).unlink(missing_ok=True)
        quiet_s = max((seconds + block.orders[load].timeout_s for load, seconds in block.turns), default=0.0)
        self._ask({"block": block.as_json(), "folder": str(folder)}, quiet_s, advance)
        taken = Taken.load(folder)
        for order, samples in zip(block.orders, taken.samples, strict=True):
            if samples is not None:
                self._see_that_it_is_asked_for(order, samples)
        return taken

    def _ask(self, what: dict[str, str], quiet_s: float, advance: Callable[[float], None]) -> None:
        """Have something done; return when it is. Raises GeneratorError.

        Between two words of it pass `quiet_s` at the most, but for what is done before and after the sending.
        """
        try:
            self._child.tell(json.dumps(what))
        except OSError:
            raise self._failure("had ended") from None
        told = heard = time.monotonic()
        answer: dict[str, str] = {}
        while "error" not in answer:
            line = self._child.hear(_POLL_S)
            now = time.monotonic()
            advance(now - told)
            told = now
            if line:
                heard, answer = now, json.loads(line)
            elif line == "":
                raise self._failure("ended")
            elif now > heard + quiet_s + _MARGIN_S:
                raise self._failure("did not end in time")
        if answer["error"]:
            raise GeneratorError(answer["error"])

    def _see_that_it_is_asked_for(self, order: Order, samples: Samples) -> None:
        if order.variant and samples.variant != order.variant:
            raise self._failure(f"was asked for {order.variant!r} and brought {samples.variant!r}")

    def _start(self) -> Child:
        return Child(program("loadtests.generator"), log=self._log, core=self._core, talks=True)

    def _failure(self, what: str) -> GeneratorError:
        """Return what went wrong, for the order at hand, and start anew for the next."""
        self._child.stop()
        error = GeneratorError(f"the load generator {what}; {self._log} ends:\n{self._child.tail()}")
        self._child = self._start()
        return error


def window(samples: Samples, order: Order) -> Window:
    """Return what of a load is measured: it begins when all users have started and the warm-up is over.

    Raises GeneratorError where the users did not stay at work until its end.
    """
    start = samples.spawned + order.warmup_s
    end = start + order.duration_s
    begun = samples.spawned >= 0  # not where it is NaN
    if not begun or (SCENARIOS[order.scenario].kind == CLOSED and not samples.ended >= end):
        raise GeneratorError(
            f"the users did not work through {order.warmup_s:g} s of warm-up and {order.duration_s:g} "
            "s of measurement; was the run interrupted, or the machine overloaded?"
        )
    if samples.given_up < end:  # not where it is NaN
        end = max(samples.given_up, start)
    return Window(samples, start, end)
