"""Graphs to compare, of which all is made up but the rules: 10,000 rows, of which each got some right."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.mixed.contender import Contender, Role
from evidence.estimate import Estimate

ROWS = 10_000

Make = Callable[..., Contender]


@pytest.fixture
def make() -> Make:
    """Make a graph that got the last `wrong` rows wrong, and takes so many shares of the reference's time."""

    def made(
        name: str, role: Role, size: int, wrong: int, share: float, kept: tuple[str, ...] = ()
    ) -> Contender:
        right = np.arange(ROWS) < ROWS - wrong
        times = {batch: Estimate(share, 0.9 * share, 1.1 * share) for batch in (1, 32)}
        is_control = role == "control"
        return Contender(
            name, role, size, right, right, 1 - wrong / ROWS, times, kept=kept if is_control else None
        )

    return made


@pytest.fixture
def contenders(make: Make) -> list[Contender]:
    """A ladder whose int8 is within a budget of 0.01, and whose weight_int4 is not."""
    return [
        make("float32", "reference", 4000, 1000, 1.0),
        make("dynamic_int8", "uniform", 1200, 1010, 0.5),
        make("int8", "uniform", 1000, 1040, 0.6),
        make("weight_int4", "uniform", 500, 1500, 0.3),
        make("mixed", "mixed", 700, 1030, 0.45),
        make("accuracy control", "control", 2000, 1020, 2.0, kept=("Convolution_1",)),
    ]
