"""Who may wait, in numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.admission import Admission, retry_after_s
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
    admission = Admission(max_rows=100, max_us=2000.0, lanes=1)
    if waiting_rows:
        admission.admit(waiting_rows, waiting_us, inline=True)
    told = None
    try:
        admission.check(rows, inline=True)
    except OverloadedError as error:
        told = str(error)
    assert told == reason


@pytest.mark.parametrize(("waiting_us", "seconds"), [(0.0, 1), (1e6, 1), (1e6 + 1, 2), (59.5e6, 60)])
def test_a_client_is_told_whole_seconds_and_never_none(waiting_us: float, seconds: int) -> None:
    assert retry_after_s(waiting_us) == seconds


def test_the_time_that_waits_for_threads_is_shared_by_them() -> None:
    one, two = (Admission(max_rows=1000, max_us=100.0, lanes=lanes) for lanes in (1, 2))
    for admission in (one, two):
        admission.admit(1, 150.0, inline=False)
    with pytest.raises(OverloadedError, match="the wait would be"):
        one.admit(1, 1.0, inline=False)
    two.admit(1, 1.0, inline=False)


def test_the_time_that_waits_for_the_event_loop_is_not_shared_for_there_is_one() -> None:
    admission = Admission(max_rows=1000, max_us=100.0, lanes=8)
    admission.admit(1, 150.0, inline=True)
    with pytest.raises(OverloadedError, match="the wait would be 0 ms"):
        admission.admit(1, 1.0, inline=True)


def test_who_waits_for_a_thread_and_who_waits_for_the_loop_do_not_wait_for_each_other() -> None:
    admission = Admission(max_rows=1000, max_us=100.0, lanes=1)
    admission.admit(1, 150.0, inline=False)
    admission.admit(1, 150.0, inline=True)
    admission.release(1, 150.0, inline=True)
    admission.admit(1, 1.0, inline=True)
    with pytest.raises(OverloadedError, match="the wait would be"):
        admission.admit(1, 1.0, inline=False)


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 1e4), st.booleans()), max_size=60))
def test_nothing_beyond_the_bounds_waits_and_nothing_is_left_when_all_are_out(
    requests: list[tuple[int, float, bool]],
) -> None:
    admission = Admission(max_rows=100, max_us=2e4, lanes=2)
    inside: list[tuple[int, float, bool]] = []
    for number, (rows, us, inline) in enumerate(requests):
        was_empty = admission.rows == 0
        waiting_us = sum(waits for _, waits, is_inline in inside if is_inline == inline)
        servers = 1 if inline else 2
        try:
            admission.admit(rows, us, inline=inline)
        except OverloadedError:
            assert not was_empty
        else:
            inside.append((rows, us, inline))
            assert was_empty or (admission.rows <= 100 and waiting_us / servers <= 2e4 + 1e-6)
        if number % 3 == 2 and inside:
            out_rows, out_us, was_inline = inside.pop(len(inside) // 2)
            admission.release(out_rows, out_us, inline=was_inline)
        assert admission.rows == sum(rows for rows, _, _ in inside)
    for rows, us, inline in inside:
        admission.release(rows, us, inline=inline)
    assert (admission.rows, admission.us) == (0, 0.0)
