from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from evidence.estimate import Estimate
from loadtests.experiment.search import RESOLUTION
from loadtests.judge.contrast import Contrasts, ratio_of_peaks, ratio_of_peaks_of_runs
from tests.loadtests.results import measured, peak


def test_accuracies_are_paired_by_row_where_the_answers_are_known() -> None:
    right = np.ones(360)
    worse = right.copy()
    worse[:36] = 0
    loads = measured("int8", accuracy=0.9), measured("float32", accuracy=1.0)
    paired = Contrasts({("int8", 1): worse, ("float32", 1): right}).accuracy(*loads)
    assert paired is not None
    assert paired.is_paired
    assert paired.value == pytest.approx(-0.1)
    unpaired = Contrasts({("int8", 1): worse}).accuracy(*loads)
    assert unpaired is not None
    assert not unpaired.is_paired
    assert unpaired.value == pytest.approx(-0.1)


def test_peaks_are_told_apart_by_searches_that_stood_side_by_side_and_no_sharper_than_these_are() -> None:
    slow = peak(1000.0, 900.0, 1100.0)
    found = ratio_of_peaks(peak(3000.0, 2700.0, 3300.0), slow)  # both scatter alike
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((3.0, 3.0 / RESOLUTION, 3.0 * RESOLUTION))
    close = ratio_of_peaks(peak(1040.0, 936.0, 1144.0), slow)
    assert close is not None
    assert 1 in close
    apart = ratio_of_peaks(peak(1200.0, 1320.0, 1080.0), slow)
    assert apart is not None
    assert 1 in apart  # each search found another ratio


def test_a_peak_that_the_generator_ended_tells_nothing_apart() -> None:
    slow = peak(1000.0, 1000.0)
    found = ratio_of_peaks(peak(3000.0, 3000.0, limited_by="generator"), slow)
    assert found is not None
    assert found.value == 3.0
    assert 1 in found
    assert ratio_of_peaks(peak(None, None), slow) is None


def test_the_ratio_of_peaks_is_of_the_searches_that_were_confirmed_and_it_takes_two_of_them() -> None:
    slow = peak(1000.0, 900.0, 1100.0)
    twice = ratio_of_peaks(peak(3000.0, None, 3300.0), slow)
    assert twice is not None
    assert (twice.value, twice.low, twice.high) == pytest.approx((3.0, 3.0 / RESOLUTION, 3.0 * RESOLUTION))
    for runs in (ratio_of_peaks, partial(ratio_of_peaks_of_runs, confidence=0.95)):
        assert runs(peak(3000.0), slow) == Estimate.unbounded(3.0)
        assert runs(peak(3000.0, None, None), slow) is None


def test_float32_is_not_set_against_itself() -> None:
    loads = Contrasts().with_reference([measured("float32"), measured("int8"), measured("int8", 32)])
    assert [load.against_reference is not None for load in loads] == [False, True, False]
