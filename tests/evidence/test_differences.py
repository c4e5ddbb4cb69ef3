from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.differences import paired_difference, unpaired_difference

COUNTS = st.tuples(*[st.integers(0, 60)] * 4).filter(lambda counts: sum(counts) > 0)
Scores = npt.NDArray[np.float64]


def fourfold(both: int, ours: int, theirs: int, neither: int) -> tuple[Scores, Scores]:
    """Return scores of which so many rows are right in both, in ours alone, in theirs alone, in neither."""
    return (
        np.repeat([1.0, 1.0, 0.0, 0.0], [both, ours, theirs, neither]),
        np.repeat([1.0, 0.0, 1.0, 0.0], [both, ours, theirs, neither]),
    )


def test_the_published_example_of_paired_proportions() -> None:
    # Airway hyper-responsiveness before and after stem cell transplantation (Bentur et al. 2009), as worked
    # by Fagerland, Lydersen and Laake (2014), "Recommended tests and confidence intervals for paired binomial
    # proportions": Newcombe's square-and-add interval is -0.507 to -0.026.
    found = paired_difference(*fourfold(1, 1, 7, 12))
    assert found is not None
    assert found.value == pytest.approx(-6 / 21)
    assert (round(found.low, 3), round(found.high, 3)) == (-0.507, -0.026)
    assert (found.rows, found.is_paired, found.is_less) == (21, True, True)


def test_the_published_example_of_independent_proportions() -> None:
    # Newcombe (1998), "Interval estimation for the difference between independent proportions", table II:
    # 56/70 less 48/80, method 10, is 0.0524 to 0.3339.
    found = unpaired_difference((56 / 70, 70), (48 / 80, 80))
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)
    assert (found.rows, found.is_paired, found.is_more) == (70, False, True)


@given(COUNTS)
def test_the_difference_lies_in_its_interval_and_the_other_way_round_it_is_the_same(
    counts: tuple[int, int, int, int],
) -> None:
    ours, theirs = fourfold(*counts)
    found, turned = paired_difference(ours, theirs), paired_difference(theirs, ours)
    assert found is not None
    assert turned is not None
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert (-turned.high, -turned.value, -turned.low) == pytest.approx(
        (found.low, found.value, found.high), abs=1e-12
    )


def test_errors_on_the_same_rows_make_the_interval_narrower() -> None:
    paired = paired_difference(*fourfold(890, 5, 5, 100))
    unpaired = unpaired_difference((0.895, 1000), (0.895, 1000))
    assert paired is not None
    assert paired.high - paired.low < 0.6 * (unpaired.high - unpaired.low)


def test_the_interval_holds_the_true_difference_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    shares = [0.88, 0.03, 0.02, 0.07]
    held = 0
    for counts in random.multinomial(400, shares, size=1500).tolist():
        found = paired_difference(*fourfold(*counts))
        assert found is not None
        held += found.low <= 0.01 <= found.high
    assert held / 1500 > 0.94


def test_only_rows_that_both_have_answered_count() -> None:
    ours = np.array([1.0, np.nan, 0.0, 1.0])
    theirs = np.array([1.0, 1.0, np.nan, 0.0])
    found = paired_difference(ours, theirs)
    assert found is not None
    assert (found.value, found.rows) == (0.5, 2)
    assert paired_difference(ours[1:2], theirs[1:2]) is None


def test_a_row_that_is_right_half_of_the_time_counts_half() -> None:
    found = paired_difference(np.array([0.5, 1.0]), np.array([0.0, 1.0]))
    assert found is not None
    assert found.value == pytest.approx(0.25)
