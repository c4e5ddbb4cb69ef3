"""Who may wait, in numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.admission import Admission, reason_to_shed, retry_after_s
from service.errors import OverloadedError


@pytest.mark.parametrize(
    ("waiting_rows", "waiting_us", "rows", "reason"),
    [
        (0, 0.0, 1, None),
        (0, 0.0, 1000, None),  # it would never fit otherwise
        (90, 10.0, 10, None),
        (90, 10.0, 11, "90 rows are waiting; at most 100 may"),
        (90, 2000.0, 1, None),
        (90, 2001.0, 1, "the wait would be 2 ms; at most 2 ms is allowed"),
    ],
)
def test_a_request_is_shed_where_rows_or_time_are_used_up(
    waiting_rows: int, waiting_us: float, rows: int, reason: str | None
) -> None:
    told = reason_to_shed(
        waiting_rows=waiting_rows, waiting_us=waiting_us, rows=rows, max_rows=100, max_us=2000.0
    )
    assert told == reason


@pytest.mark.parametrize(("waiting_us", "seconds"), [(0.0, 1), (1e6, 1), (1e6 + 1, 2), (59.5e6, 60)])
def test_a_client_is_told_whole_seconds_and_never_none(waiting_us: float, seconds: int) -> None:
    assert retry_after_s(waiting_us) == seconds


def test_the_time_that_waits_is_shared_by_the_lanes() -> None:
    one, two = (Admission(max_rows=1000, max_us=100.0, lanes=lanes) for lanes in (1, 2))
    for admission in (one, two):
        admission.admit(1, 150.0)
    with pytest.raises(OverloadedError, match="the wait would be"):
        one.admit(1, 1.0)
    two.admit(1, 1.0)


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 1e4)), max_size=60))
def test_nothing_beyond_the_bounds_waits_and_nothing_is_left_when_all_are_out(
    requests: list[tuple[int, float]],
) -> None:
    admission = Admission(max_rows=100, max_us=2e4, lanes=2)
    inside: list[tuple[int, float]] = []
    for number, (rows, us) in enumerate(requests):
        was_empty, waiting_us = admission.rows == 0, admission.us / 2
        try:
            admission.admit(rows, us)
        except OverloadedError:
            assert not was_empty
        else:
            inside.append((rows, us))
            assert was_empty or (admission.rows <= 100 and waiting_us <= 2e4)
        if number % 3 == 2 and inside:
            admission.release(*inside.pop(len(inside) // 2))
        assert admission.rows == sum(rows for rows, _ in inside)
    for rows, us in inside:
        admission.release(rows, us)
    assert (admission.rows, admission.us) == (0, 0.0)
