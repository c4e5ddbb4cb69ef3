from __future__ import annotations

import pytest

from training.export.mixed.recipe import OperationRecipe, Recipe, Wish

DENSE = OperationRecipe(name="dense", kind="FULLY_CONNECTED", weights=640, setting="dynamic_int4", bits=4)


def recipe(most: float, drop: float, expected: float, high: float, *, held: bool = False) -> Recipe:
    return Recipe(
        wish=Wish(max_accuracy_drop=most),
        held=held,
        validation_rows=300,
        drop=drop,
        expected_drop=expected,
        expected_drop_high=high,
        divergence=0.01,
        tried=9,
        operations=(DENSE, DENSE.model_copy(update={"setting": "float32", "bits": 32})),
    )


def test_a_recipe_that_holds_is_told_in_a_line() -> None:
    assert recipe(0.02, 0.005, 0.006, 0.0115, held=True).in_words() == (
        "2 operations, 1 in 4 bits, 1 in float32; accuracy drop on 300 validation rows 0.0050, to be "
        "expected 0.0060 (at most 0.0115)"
    )


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (recipe(0.005, 0.0, 0.006, 0.02), "which could not be shown to hold"),
        (recipe(0.005, 0.01, 0.0, 0.00998), "which could not be shown to hold"),
        (recipe(0.005, 0.0, 0.001, 0.00998), "which takes 600 validation rows or more to show"),
        (recipe(0.0, 0.0, 0.0, 0.00998), "which no number of rows can show to hold"),
    ],
)
def test_one_that_does_not_says_whether_it_is_rows_that_lack(found: Recipe, reason: str) -> None:
    assert found.in_words().endswith(f": the nearest to {found.wish.max_accuracy_drop:g}, {reason}")
