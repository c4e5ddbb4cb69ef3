"""Which of the requests that wait share a call."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.job import Job, take


@dataclass
class Sized:
    """As much of a job as counts here."""

    size: int


def taken(sizes: list[int], most: int) -> int:
    """Return how many of jobs with these sizes are taken, having seen that they are the first."""
    jobs = deque(cast("list[Job]", [Sized(size) for size in sizes]))
    before = list(jobs)
    batch = take(jobs, most)
    assert batch + list(jobs) == before
    return len(batch)


@pytest.mark.parametrize(
    ("sizes", "most", "count"),
    [
        ([1], 128, 1),
        ([1] * 200, 128, 128),
        ([100, 28, 1], 128, 2),
        ([100, 29], 128, 1),
        ([1000, 1], 128, 1),
        ([1000], 0, 1),
    ],
)
def test_a_call_takes_the_jobs_that_fit_and_one_at_least(sizes: list[int], most: int, count: int) -> None:
    assert taken(sizes, most) == count


@given(st.lists(st.integers(1, 300), min_size=1), st.integers(0, 400))
def test_a_call_is_never_too_large_and_never_smaller_than_it_must_be(sizes: list[int], most: int) -> None:
    count = taken(sizes, most)
    assert count >= 1
    assert count == 1 or sum(sizes[:count]) <= most
    assert count == len(sizes) or sum(sizes[: count + 1]) > most
