from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp, ttest_ind

from evidence.ratios import level_of_logs, ratio_of_runs

FIGURES = st.lists(st.floats(1, 1e6), min_size=2, max_size=12)


@given(FIGURES, st.sampled_from([0.8, 0.95, 0.999]))
def test_the_interval_of_a_level_is_students_of_the_logarithms(
    figures: list[float], confidence: float
) -> None:
    logs = np.log(figures)
    if np.ptp(logs) < 1e-9:
        return  # scipy has no interval of what does not scatter
    expected = ttest_1samp(logs, 0).confidence_interval(confidence)
    found = level_of_logs(logs.tolist(), confidence)
    assert found.value == pytest.approx(math.exp(logs.mean()))
    if found.is_bounded:
        assert math.log(found.low) == pytest.approx(expected.low, rel=1e-6, abs=1e-6)
        assert math.log(found.high) == pytest.approx(expected.high, rel=1e-6, abs=1e-6)
    else:
        assert max(abs(expected.low), abs(expected.high)) > 600


@given(FIGURES, FIGURES)
def test_the_interval_of_runs_is_welchs_of_the_logarithms(ours: list[float], theirs: list[float]) -> None:
    logs = np.log(ours), np.log(theirs)
    if min(map(np.ptp, logs)) < 1e-9:
        return
    expected = ttest_ind(*logs, equal_var=False).confidence_interval(0.95)
    found = ratio_of_runs(ours, theirs)
    assert found is not None
    if found.is_bounded:
        assert math.log(found.low) == pytest.approx(expected.low, rel=1e-6, abs=1e-6)
        assert math.log(found.high) == pytest.approx(expected.high, rel=1e-6, abs=1e-6)


def test_one_block_gives_a_ratio_and_no_interval() -> None:
    found = level_of_logs([math.log(3.0)])
    assert not found.is_bounded
    assert 1 in found
    assert found.value == pytest.approx(3.0)
    runs = ratio_of_runs([30.0], [10.0, 11.0])
    assert runs is not None
    assert not runs.is_bounded
    assert runs.value == pytest.approx(30 / math.sqrt(110))


@pytest.mark.parametrize(("ours", "theirs"), [([], [1.0]), ([None], [1.0]), ([1.0, 0.0], [1.0, 1.0])])
def test_there_is_no_ratio_of_what_is_not_there(ours: list[float | None], theirs: list[float | None]) -> None:
    assert ratio_of_runs(ours, theirs) is None
    assert ratio_of_runs(theirs, ours) is None
    with pytest.raises(ValueError, match="no level"):
        level_of_logs([])


def test_two_of_a_kind_are_told_apart_about_as_often_as_the_interval_says() -> None:
    scattered = np.random.default_rng(7).normal(0, 0.05, (2, 2000, 5))
    told = sum(1 not in level_of_logs(logs) for logs in (scattered[0] - scattered[1]).tolist())
    assert 0.035 < told / 2000 < 0.065
