from __future__ import annotations

import numpy as np
import pytest

from loadtests.contrast import Contrasts, ratio_of_peaks
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


def test_a_peak_lies_between_the_rate_that_held_and_the_next_that_did_not() -> None:
    found = ratio_of_peaks(peak(3000.0, 3300.0), peak(1000.0, 1200.0))
    assert found is not None
    assert (found.value, found.low, found.high) == (3.0, 2.5, 3.3)
    close = ratio_of_peaks(peak(1100.0, 1300.0), peak(1000.0, 1200.0))
    assert close is not None
    assert not close.is_told_apart


def test_a_peak_that_the_generator_ended_tells_nothing_apart() -> None:
    found = ratio_of_peaks(peak(3000.0, limited_by="generator"), peak(1000.0, 1200.0))
    assert found is not None
    assert (found.value, found.is_told_apart) == (3.0, False)
    assert ratio_of_peaks(peak(None, 10.0), peak(1000.0, 1200.0)) is None


def test_float32_is_not_set_against_itself() -> None:
    loads = Contrasts().with_reference([measured("float32"), measured("int8"), measured("int8", 32)])
    assert [load.against_reference is not None for load in loads] == [False, True, False]
