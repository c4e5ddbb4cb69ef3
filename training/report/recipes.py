"""How the variants of several precisions were made, in words."""

from __future__ import annotations

from collections.abc import Iterator

from bundle.manifest import Manifest, VariantSpec
from training.export.mixed.recipe import Recipe


def recipes_in_words(manifest: Manifest) -> Iterator[str]:
    """Yield a line for each variant that has a recipe.

    Example:
        mixed: 12 operations, 9 in 4 bits, 3 in 8 bits; accuracy drop on 2,500 validation rows 0.0036, to be
        expected 0.0033 (at most 0.0041)
    """
    for variant in manifest.variants:
        if (recipe := _recipe(variant)) is not None:
            yield f"{variant.name}: {recipe.in_words()}"


def all_held(manifest: Manifest) -> bool:
    """Tell whether each variant that has a recipe holds the budget that it was made to."""
    return all(recipe.held for recipe in map(_recipe, manifest.variants) if recipe is not None)


def _recipe(variant: VariantSpec) -> Recipe | None:
    return None if variant.recipe is None else Recipe.model_validate(variant.recipe)
