from __future__ import annotations

import pytest

from loadtests.experiment.record import Record, shared_rate
from loadtests.experiment.search import Search
from loadtests.experiment.session import Subject
from loadtests.experiment.trial import Trial
from loadtests.system.probe import Unloaded
from loadtests.system.server_process import Server
from loadtests.workload.target import Target


def _record(mean_ms: float, limit: float) -> Record:
    """Return a record whose search is over; the service holds up to `limit` requests a second."""
    search = Search(500.0, 10.0, seed=1)
    while (attempt := search.next()) is not None:
        holds = attempt.rate <= limit
        search.take(Trial(attempt.rate, 1000, 0 if holds else 500, attempt.rate, 1.0, 5.0, 0.9, holds, False))
    subject = Subject("int8", Target("digits", 1, "int8", ("0", "1")), Server("http://127.0.0.1:1"), None)
    return Record(subject, 1, Unloaded(100, mean_ms, mean_ms, None), None, searches=[search])


def test_what_is_borne_is_the_peak() -> None:
    assert _record(1.0, 2000.0).bearable == pytest.approx(2000, rel=0.06)


def test_without_a_peak_a_variant_bears_one_request_after_the_other() -> None:
    assert _record(20.0, 0.0).bearable == 50.0


def test_a_variant_without_a_peak_is_not_loaded_at_half_the_others() -> None:
    assert shared_rate([_record(1.0, 2000.0), _record(20.0, 0.0)]) == 25.0
    assert shared_rate([_record(1.0, 2000.0), _record(0.5, 4000.0)]) == pytest.approx(1000, rel=0.06)
