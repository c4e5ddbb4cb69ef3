from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.unpaired import unpaired_difference

SIDES = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n).map(lambda k: k / n), st.just(n)))


# Newcombe (1998), "Interval estimation for the difference between independent proportions", table II,
# method 10: 56/70 less 48/80, 9/10 less 3/10 and 10/10 less 0/20.
@pytest.mark.parametrize(
    ("ours", "theirs", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_the_published_examples(
    ours: tuple[int, int], theirs: tuple[int, int], low: float, high: float
) -> None:
    found = unpaired_difference((ours[0] / ours[1], ours[1]), (theirs[0] / theirs[1], theirs[1]))
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert found.is_more_than(0)


@given(SIDES, SIDES)
def test_the_difference_lies_in_its_interval_and_the_other_way_round_it_is_the_same(
    ours: tuple[float, int], theirs: tuple[float, int]
) -> None:
    found, turned = unpaired_difference(ours, theirs), unpaired_difference(theirs, ours)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert found.value == ours[0] - theirs[0]
    assert (-turned.high, -turned.value, -turned.low) == pytest.approx(
        (found.low, found.value, found.high), abs=1e-12
    )


def test_the_interval_holds_the_true_difference_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    drawn = random.binomial(400, [[0.9], [0.88]], size=(2, 1500)) / 400
    held = sum(
        0.9 - 0.88 in unpaired_difference((one, 400), (other, 400)) for one, other in zip(*drawn, strict=True)
    )
    assert 0.93 < held / 1500 < 0.97
