from __future__ import annotations

from dataclasses import replace

import numpy as np

from loadtests.experiment.agreement import Agreement, agreement_of
from loadtests.measure.recorder import Recorder
from loadtests.system.audits import TOLERANCE


def test_rows_are_counted_by_what_differs_from_offline_and_rows_not_asked_for_not_at_all() -> None:
    plain = Recorder(1, np.arange(4)).samples()
    differences = np.array([0.0, TOLERANCE / 2, TOLERANCE * 3, np.nan])
    samples = replace(plain, difference=differences, astray=np.array([False, False, True, False]))
    assert agreement_of(samples) == Agreement(
        rows=3,
        labels_differ=1,
        probabilities_differ=1,
        largest_difference=TOLERANCE * 3,
        tolerance=TOLERANCE,
    )


def test_where_nothing_was_compared_there_is_no_agreement() -> None:
    samples = Recorder(1, np.arange(4)).samples()
    assert agreement_of(replace(samples, difference=np.full(4, np.nan))) is None
