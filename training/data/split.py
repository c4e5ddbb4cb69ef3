"""Which rows train, which validate and which test: drawn class by class, at random but by the seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.data.dataset import IntArray


@dataclass(frozen=True)
class Split:
    """Row numbers of the three parts; together they are all rows, and no row is in two."""

    train: IntArray
    validation: IntArray
    test: IntArray


def split(y: IntArray, *, test_size: float, validation_size: float, seed: int, test_rows: int = 0) -> Split:
    """Cut row numbers into three parts, each class in the same proportion, at random but by the seed.

    Class by class, rather than by scikit-learn's `train_test_split`, so that a class of five rows is in every
    part. The last `test_rows`, where there are any, are the test part as published.
    """
    random = np.random.default_rng(seed)
    drawn: dict[str, list[IntArray]] = {"train": [], "validation": [], "test": []}
    candidates = np.arange(len(y) - test_rows)
    for label in np.unique(y):
        rows = random.permutation(candidates[y[: len(candidates)] == label])
        tested = 0 if test_rows else _share(test_size, len(rows))
        validated = _share(validation_size, len(rows) - tested)
        drawn["test"].append(rows[:tested])
        drawn["validation"].append(rows[tested : tested + validated])
        drawn["train"].append(rows[tested + validated :])
    # Shuffled, so that the first few rows of a part are a fair sample of it.
    parts = {part: random.permutation(np.concatenate(rows)) for part, rows in drawn.items()}
    if test_rows:
        parts["test"] = np.arange(len(candidates), len(y))
    return Split(**parts)


def stratified_sample(y: IntArray, size: int, seed: int) -> IntArray:
    """Return at most `size` row numbers, at random by the seed, in the proportions of the classes."""
    if size >= len(y):
        return np.arange(len(y))
    shuffled = np.random.default_rng(seed).permutation(len(y))
    by_class = shuffled[np.argsort(y[shuffled], kind="stable")]
    # Evenly spaced places in rows sorted by class hit each class in proportion.
    return np.sort(by_class[np.linspace(0, len(y) - 1, size).astype(np.int64)])


def _share(share: float, rows: int) -> int:
    return min(rows, max(1, round(share * rows)))
