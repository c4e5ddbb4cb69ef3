from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from evidence.shares import unpaired_difference, wilson

SIDES = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n).map(lambda k: k / n), st.just(n)))


# Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998),
# table I, method 3.
@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_intervals(successes: int, trials: int, low: float, high: float) -> None:
    found = wilson(successes / trials, trials)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@given(
    st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.sampled_from([0.8, 0.95, 0.999]),
)
def test_the_interval_is_that_of_scipy(case: tuple[int, int], confidence: float) -> None:
    right, trials = case
    expected = binomtest(right, trials).proportion_ci(confidence, method="wilson")
    found = wilson(right / trials, trials, confidence=confidence)
    assert found.low == pytest.approx(expected.low, abs=1e-12)
    assert found.high == pytest.approx(expected.high, abs=1e-12)


@given(st.floats(0, 1), st.integers(0, 10_000))
def test_the_interval_holds_its_share_and_lies_between_nothing_and_all(share: float, trials: int) -> None:
    found = wilson(share, trials)
    assert found.value == share
    assert 0 <= found.low <= share <= found.high <= 1
    assert share in found


def test_more_trials_make_the_interval_narrower() -> None:
    widths = [(found := wilson(0.9, trials)).high - found.low for trials in (0, 10, 100, 1000)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] == 1


@pytest.mark.parametrize(
    ("share", "trials", "confidence"), [(1.1, 5, 0.95), (-0.1, 5, 0.95), (0.5, -1, 0.95), (0.5, 5, 1.0)]
)
def test_no_interval_is_made_up_for_nonsense(share: float, trials: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="no interval"):
        wilson(share, trials, confidence=confidence)


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
def test_the_difference_of_two_shares_has_the_published_intervals(
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
