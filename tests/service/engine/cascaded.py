"""A cascade of two made-up rungs, for tests: what each row is answered can be told from the row."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from bundle.bundle import Bundle
from bundle.normalizer import FloatArray
from service.engine.batcher import Batcher
from service.engine.cascade import Cascade
from service.engine.cost import Cost
from service.engine.escalation import Escalation
from service.engine.lanes import Lanes
from tests.patience import PATIENCE_S
from tests.service.cascading import a_cascade

SURE, UNSURE = 0.9, 0.3
THRESHOLD = 0.5


class Rung:
    """Answers a row (number, how sure) with how sure, or 1 as the second rung; and with minus its number.

    A number in `breaks` breaks the call that it is in.
    """

    def __init__(self, *, is_second: bool) -> None:
        self.calls: list[int] = []
        self.breaks: set[int] = set()
        self._is_second = is_second

    def predict(self, rows: FloatArray) -> FloatArray:
        self.calls.append(len(rows))
        if self.breaks.intersection(rows[:, 0].astype(int).tolist()):
            raise RuntimeError("the graph broke")
        sure = np.ones(len(rows)) if self._is_second else rows[:, 1]
        return np.column_stack([sure, -rows[:, 0]]).astype(np.float32)


@dataclass
class Built:
    cascade: Cascade
    runtimes: tuple[Rung, Rung]
    batchers: tuple[Batcher, Batcher]
    lanes: Lanes
    counted: list[tuple[int, int]]


@contextmanager
def built(
    digits: Bundle, *, slow: tuple[bool, bool] = (False, False), max_us: float = 1e12, max_rows: int = 10_000
) -> Iterator[Built]:
    """Build a cascade. A row costs 1 microsecond at the first rung and 10 at the second; slow is 2,000 more.

    A quarter of the rows is expected to go on.
    """
    lanes = Lanes(1, inline_us=1000.0, waiting_rows=max_rows, waiting_us=max_us)
    runtimes = Rung(is_second=False), Rung(is_second=True)

    def batcher(number: int) -> Batcher:
        runtime, row_us = runtimes[number], (1.0, 10.0)[number]
        cost = Cost(2000.0 * slow[number], row_us)
        return Batcher(runtime, lambda: runtime, cost=cost, lanes=lanes, observe=lambda rows, took_s: None)

    counted: list[tuple[int, int]] = []
    watch = Escalation(
        "m/1", a_cascade(digits.variant("int8").scores), observe=lambda *count: counted.append(count)
    )
    batchers = batcher(0), batcher(1)
    cascade = Cascade(*batchers, threshold=THRESHOLD, escalation=watch)
    try:
        yield Built(cascade, runtimes, batchers, lanes, counted)
    finally:
        lanes.close()


def rows(first: int, *sure: float) -> FloatArray:
    """Return rows with numbers from `first` on."""
    return np.column_stack([first + np.arange(len(sure)), sure]).astype(np.float32)


def expected(asked: FloatArray) -> FloatArray:
    sure = np.where(asked[:, 1] < np.float32(THRESHOLD), 1.0, asked[:, 1])
    return np.column_stack([sure, -asked[:, 0]]).astype(np.float32)


def run(body: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await body

    asyncio.run(bounded())


BOTH = [(False, False), (False, True), (True, False), (True, True)]
"""Whether each rung is slow."""
