"""How the variants of several precisions were made, in words."""

from __future__ import annotations

from collections.abc import Iterator

from bundle.manifest import Manifest
from training.export.mixed.recipe import Recipe


def recipes_in_words(manifest: Manifest) -> Iterator[str]:
    """Yield a line for each variant that has a recipe.

    Example:
        mixed: 12 operations, 9 in 4 bits, 3 in 8 bits; accuracy drop on 2,500 validation rows 0.0036, to be
        expected 0.0033 (at most 0.0041)
    """
    for variant in manifest.variants:
        if variant.recipe is not None:
            yield f"{variant.name}: {Recipe.model_validate(variant.recipe).in_words()}"
