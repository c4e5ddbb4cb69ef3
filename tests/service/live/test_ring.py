"""The newest rows are remembered, each until it is settled; workers can do that for each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.live.ring import Ring, in_file, in_memory, opened

SIZE = 8


def known(ring: Ring, row: int) -> int | str | None:
    try:
        return ring.column(row)
    except LookupError:
        return "forgotten"


@given(st.lists(st.lists(st.integers(0, 70_000), min_size=1, max_size=12), max_size=12), st.data())
def test_the_newest_rows_are_remembered_until_they_are_settled(
    answers: list[list[int]], data: st.DataObject
) -> None:
    ring = in_memory(SIZE)
    columns: list[int] = []
    settled: set[int] = set()
    for answer in answers:
        assert ring.note(answer) == len(columns)
        columns += answer
        row = data.draw(st.integers(0, len(columns) - 1))
        if row >= len(columns) - SIZE:
            ring.settle(row)
            settled.add(row)
    for row, column in enumerate(columns):
        expected = "forgotten" if row < len(columns) - SIZE else None if row in settled else column
        assert known(ring, row) == expected


@pytest.mark.parametrize("row", [0, -1, 10**12])
def test_a_row_that_never_was_is_not_known(row: int) -> None:
    assert known(in_memory(SIZE), row) == "forgotten"


def test_the_ring_of_another_worker_is_read_and_settled(tmp_path: Path) -> None:
    mine = in_file(tmp_path / "ring", SIZE)
    mine.note([5, 6, 7])
    with opened(tmp_path / "ring") as theirs, theirs.alone():
        assert known(theirs, 1) == 6
        theirs.settle(1)
    assert known(mine, 1) is None
    assert known(mine, 2) == 7


def test_the_ring_of_a_worker_that_is_gone_is_not_known(tmp_path: Path) -> None:
    with pytest.raises(LookupError), opened(tmp_path / "gone"):
        pass
