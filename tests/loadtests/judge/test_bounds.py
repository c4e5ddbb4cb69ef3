from __future__ import annotations

from typing import Any

import pytest

from loadtests.errors import LoadTestError
from loadtests.judge.bounds import Bounds, weights_of
from training.cli.proof import Proof


def test_bounds_say_themselves_in_words() -> None:
    assert Bounds(p99_ms=2, min_accuracy=0.9).sentence == "p99 of 2 ms with accuracy 0.9"
    assert Bounds(min_rps=5000, max_mb=1.5).sentence == "5,000 requests/s with a file of at most 1.5 MB"
    assert Bounds(max_mb=3).sentence == "a file of at most 3 MB"


def test_a_variant_may_lose_as_much_in_a_run_as_where_it_was_made() -> None:
    assert Bounds().margin == Proof().margin


def test_no_bound_is_none() -> None:
    assert not Bounds()
    assert Bounds(min_accuracy=0.0)


@pytest.mark.parametrize(
    ("bounds", "complaint"),
    [
        ({"p99_ms": 0}, "--p99-ms is 0; give a number above 0"),
        ({"min_rps": -1}, "--min-rps is -1"),
        ({"max_mb": float("inf")}, "--max-mb is inf"),
        ({"p99_ms": float("nan")}, "--p99-ms is nan"),
        ({"min_accuracy": 95}, "--min-accuracy is 95; give a share from 0 to 1, as 0.95"),
        ({"min_accuracy": float("nan")}, "--min-accuracy is nan"),
        ({"margin": 0}, "--margin is 0; give a share between 0 and 1, as 0.01"),
        ({"margin": 1}, "--margin is 1"),
        ({"margin": float("nan")}, "--margin is nan"),
    ],
)
def test_a_bound_that_nothing_can_hold_is_refused(bounds: dict[str, Any], complaint: str) -> None:
    with pytest.raises(LoadTestError) as refusal:
        Bounds(**bounds)
    assert complaint in str(refusal.value)


def test_weights_are_of_the_rows_that_are_measured() -> None:
    assert weights_of("1:0.8,32:0.2", (1, 32)) == {1: 0.8, 32: 0.2}
    assert weights_of(" 32: 1 , 1:4 ", (1, 32)) == {32: 1.0, 1: 4.0}
    assert weights_of("", (1, 32)) == {}


@pytest.mark.parametrize(
    "text",
    [
        "1:0.8",
        "1:0.8,8:0.2",
        "1:0.8,32:0",
        "1:-1,32:2",
        "1:1,1:1,32:1",
        "1:x,32:1",
        "1,32",
        "1:nan,32:1",
        ",",
    ],
)
def test_weights_of_anything_else_are_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(LoadTestError) as refusal:
        weights_of(text, (1, 32))
    assert str(refusal.value) == (
        f"--weight is {text!r}; give a number above 0 for each of --rows, as 1:0.5,32:0.5"
    )
