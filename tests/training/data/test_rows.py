"""Rows held by their columns are the instances that they would be as dictionaries."""

from __future__ import annotations

import numpy as np

from training.data.rows import Column, Numbers, Rows, Words

COLUMNS: dict[str, Column] = {
    "age": Numbers(np.array([41.0, np.nan, 33.5])),
    "job": Words.of(["nurse", None, "smith"], 3),
}
INSTANCES = [{"age": 41, "job": "nurse"}, {"age": None, "job": None}, {"age": 33.5, "job": "smith"}]


def test_instances_are_made_as_they_are_asked_for() -> None:
    rows = Rows(COLUMNS)
    assert list(rows) == [rows[place] for place in range(len(rows))] == INSTANCES
    assert rows[-1] == INSTANCES[-1]
    assert list(rows[1:]) == INSTANCES[1:]
    assert list(rows.take(np.array([2, 0]))) == [INSTANCES[2], INSTANCES[0]]


def test_the_texts_of_an_only_column_are_instances_by_themselves() -> None:
    rows = Rows({"t": Words.of(["a", "", "b"], 3)}, bare=True)
    assert (list(rows), rows[2], list(rows[:2]), list(rows.take(np.array([2])))) == (
        ["a", "", "b"],
        "b",
        ["a", ""],
        ["b"],
    )


def test_numbers_are_what_a_client_would_write() -> None:
    numbers = Numbers(np.array([41.0, -0.5, np.nan, 2.0**60]))
    assert [repr(number) for number in numbers] == ["41", "-0.5", "None", str(2**60)]
    assert list(numbers[1:3]) == [-0.5, None]
    assert list(numbers.take(np.array([3, 0]))) == [2**60, 41]
