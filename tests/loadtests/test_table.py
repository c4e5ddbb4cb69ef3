from __future__ import annotations

from loadtests.table import cells
from tests.loadtests.results import result


def test_a_row_says_that_the_generator_was_the_limit() -> None:
    assert cells(result("int8", cpu=0.97), {})["note"] == "generator was the limit (97% of its core)"
    assert cells(result("int8", cpu=0.90), {})["note"] == ""


def test_a_row_says_what_dominates_it() -> None:
    assert cells(result("int16x8"), {"int16x8": "int8"})["note"] == "dominated by int8"


def test_what_is_not_known_is_a_dash() -> None:
    row = cells(result("int8", accuracy=None, model_ms=None), {})
    assert (row["accuracy (95%)"], row["model"]) == ("-", "-")
