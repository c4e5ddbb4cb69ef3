from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp, ttest_ind

from evidence.ratios import level_of_rounds, ratio_of_rounds, ratio_of_runs

FIGURES = st.lists(st.floats(1, 1e6), min_size=2, max_size=12)
PAIRS = st.lists(st.tuples(st.floats(1, 1e6), st.floats(1, 1e6)), min_size=2, max_size=12)


@given(PAIRS, st.sampled_from([0.8, 0.95, 0.999]))
def test_the_interval_of_rounds_is_students_of_the_logarithms(
    pairs: list[tuple[float, float]], confidence: float
) -> None:
    ours, theirs = (dict(enumerate(side)) for side in zip(*pairs, strict=True))
    logs = np.log([one / other for one, other in pairs])
    if np.ptp(logs) < 1e-9:
        return  # scipy has no interval of what does not scatter
    expected = ttest_1samp(logs, 0).confidence_interval(confidence)
    found = ratio_of_rounds(ours, theirs, confidence)
    assert found is not None
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


def test_what_slows_a_whole_round_down_cancels() -> None:
    machine = [1.0, 0.5, 0.8, 0.3]
    ours = {index: 2000 * speed for index, speed in enumerate(machine)}
    theirs = {index: 1000 * speed * (1 + 0.01 * (-1) ** index) for index, speed in enumerate(machine)}
    together = ratio_of_rounds(ours, theirs)
    apart = ratio_of_runs(list(ours.values()), list(theirs.values()))
    assert together is not None
    assert together.is_more_than(1)
    assert apart is not None
    assert 1 in apart


def test_rounds_are_matched_by_index_and_not_by_place() -> None:
    found = ratio_of_rounds({2: 20.0, 1: 10.0, 7: 1.0}, {1: 5.0, 2: 10.0})
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((2.0, 2.0, 2.0))


def test_one_round_gives_a_ratio_and_no_interval() -> None:
    found = ratio_of_rounds({0: 30.0}, {0: 10.0})
    assert found is not None
    assert not found.is_bounded
    assert 1 in found
    assert found.value == pytest.approx(3.0)
    runs = ratio_of_runs([30.0], [10.0, 11.0])
    assert runs is not None
    assert not runs.is_bounded
    assert runs.value == pytest.approx(30 / math.sqrt(110))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [({}, {}), ({0: 1.0}, {1: 1.0}), ({0: None}, {0: 1.0}), ({0: 1.0, 1: 0.0}, {0: 1, 1: 1})],
)
def test_there_is_no_ratio_of_what_is_not_there(
    ours: dict[int, float | None], theirs: dict[int, float | None]
) -> None:
    assert ratio_of_rounds(ours, theirs) is None
    assert ratio_of_runs(list(ours.values()), []) is None


def test_two_of_a_kind_are_told_apart_about_as_often_as_the_interval_says() -> None:
    random = np.random.default_rng(7)
    scattered = np.exp(random.normal(0, 0.05, (2, 2000, 5)))
    told = 0
    for ours, theirs in zip(*scattered, strict=True):
        found = ratio_of_rounds(dict(enumerate(ours.tolist())), dict(enumerate(theirs.tolist())))
        assert found is not None
        told += 1 not in found
    assert 0.035 < told / 2000 < 0.065


def test_a_level_is_the_geometric_mean_of_the_rounds_with_its_interval() -> None:
    found = level_of_rounds({0: 100.0, 1: 400.0})
    assert found is not None
    assert found.value == pytest.approx(200)
    assert found.low < 100
    assert found.high > 400
