from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.trimmed import trimmed_level, trimmed_mean, trimmed_ratio

FIGURES = st.lists(st.tuples(st.floats(0.1, 1e4), st.floats(0.1, 1e4)), min_size=1, max_size=30)


def test_what_both_figures_share_cancels() -> None:
    theirs = [4.0, 9.0, 5.0, 40.0, 4.5]
    ratio = trimmed_ratio([2 * one for one in theirs], theirs)
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((2, 2, 2))


def test_a_few_rounds_that_were_disturbed_neither_move_it_nor_make_it_wide() -> None:
    calm = [1.0, 1.01, 0.99, 1.02, 0.98] * 3
    disturbed = [*calm[:-2], 50.0, 80.0]
    one, other = trimmed_level(calm), trimmed_level(disturbed)
    assert other.value == pytest.approx(one.value, rel=0.01)
    assert other.high < 1.03


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    for rounds in (7, 15):
        drawn = np.exp(random.normal(0.3, 0.1, (2000, rounds))).tolist()
        found = [trimmed_level(ours) for ours in drawn]
        assert 0.93 < np.mean([np.exp(0.3) in one for one in found]) < 0.98


@given(FIGURES)
def test_the_ratio_of_the_exchanged_figures_is_the_inverse(pairs: list[tuple[float, float]]) -> None:
    ours, theirs = zip(*pairs, strict=True)
    one, other = trimmed_ratio(ours, theirs), trimmed_ratio(theirs, ours)
    assert other.value == pytest.approx(1 / one.value)
    assert one.is_bounded == other.is_bounded == (len(pairs) > 1)
    if one.is_bounded:
        assert (other.low, other.high) == pytest.approx((1 / one.high, 1 / one.low))


def test_rounds_that_one_alone_was_in_do_not_count_and_what_is_no_figure_is_refused() -> None:
    assert trimmed_ratio([2.0, 2.0, 9.0], [1.0, 1.0]).value == pytest.approx(2)
    for ours in ([], [0.0, 1.0], [-1.0, 1.0]):
        for theirs in ([1.0, 1.0], [-1.0, 1.0]):
            with pytest.raises(ValueError, match=r"no level|no ratio"):
                trimmed_ratio(ours, theirs)


def test_a_mean_of_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="no mean"):
        trimmed_mean([1.0, float("nan")])
    with pytest.raises(ValueError, match="no mean"):
        trimmed_mean([])
