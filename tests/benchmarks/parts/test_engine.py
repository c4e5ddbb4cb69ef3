"""One small row against bare ASGI, by numbers."""

from __future__ import annotations

import pytest

from benchmarks.measure.sample import Sample
from benchmarks.parts.engine import figures

SAMPLES = {
    "ours": [Sample(1200, 2.0, 150.0, 0.0, server_s=0.12)],
    "bare": [Sample(1000, 1.0, 100.0, 0.0, server_s=0.08)],
}


@pytest.mark.parametrize("is_wrk", [True, False], ids=["wrk", "ours"])
def test_many_connections_are_judged_by_requests_a_second_whoever_sends_them(is_wrk: bool) -> None:
    found = {one.name: (one.median, one.is_met) for one in figures(SAMPLES, 32, is_wrk=is_wrk)}
    assert found == {
        "32 connections: ours, requests/s": (600.0, None),
        "32 connections: bare, requests/s": (1000.0, None),
        "32 connections: requests/s, ours / bare": (0.6, True),
        "32 connections: processor time, ours / bare": (pytest.approx(1.25), False),
        "32 connections: p50, ours / bare": (1.5, None),
    }


def test_with_one_connection_only_wrk_takes_so_little_time_of_its_own_that_it_can_judge() -> None:
    by_wrk, by_ours = ([one.is_met for one in figures(SAMPLES, 1, is_wrk=is_wrk)] for is_wrk in (True, False))
    assert by_wrk == [None, None, True, None, False]
    assert by_ours == [None] * 5
