"""A figure is its median, with the range it came from, against what it should be."""

from __future__ import annotations

import pytest

from benchmarks.report.figure import Figure, at_least, at_most, shown, within


def test_the_median_decides_and_not_the_best_round() -> None:
    figure = Figure("ratio", (0.7, 0.5, 0.55), at_least(0.6))
    assert (figure.median, figure.low, figure.high) == (0.55, 0.5, 0.7)
    assert figure.is_met is False


def test_an_aim_binds_from_its_own_side_and_includes_its_bound() -> None:
    assert Figure("ratio", (0.6,), at_least(0.6)).is_met is True
    assert Figure("overhead", (35.0,), at_most(35)).is_met is True
    assert Figure("overhead", (35.1,), at_most(35)).is_met is False
    assert Figure("requests/s", (100.0,)).is_met is None
    assert [Figure("peaks", (ratio,), within(0.95, 1.05)).is_met for ratio in (0.94, 0.95, 1.05, 1.06)] == [
        False,
        True,
        True,
        False,
    ]
    assert [str(aim) for aim in (at_least(0.6), at_most(1.4), within(0.95, 1.05))] == [
        "≥ 0.6",
        "≤ 1.4",
        "0.95 … 1.05",
    ]


def test_a_figure_without_a_round_is_refused() -> None:
    with pytest.raises(ValueError, match="ratio"):
        Figure("ratio", ())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (14700.4, "14,700"),
        (123.4, "123"),
        (61.26, "61.3"),
        (0.6123, "0.612"),
        (-12.34, "-12.3"),
        (0.00671, "0.0067"),
        (0.0, "0.000"),
    ],
)
def test_numbers_are_shown_with_the_digits_that_mean_something(value: float, text: str) -> None:
    assert shown(value) == text
