"""Which rows train, which validate and which test: at random by the seed, by groups, or by time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.data.dataset import IntArray
from training.errors import OptionError

_CALIBRATION_ROWS = 500
_CALIBRATION_ROWS_PER_CLASS = 10


@dataclass(frozen=True)
class Split:
    """Row numbers of the three parts; together they are all rows, and no row is in two."""

    train: IntArray
    validation: IntArray
    test: IntArray


@dataclass(frozen=True)
class Shares:
    """How much is kept for the test, and of the rest for validation; which rows, the seed decides."""

    test: float
    validation: float
    seed: int


def split(
    y: IntArray,
    shares: Shares,
    *,
    test_rows: int = 0,
    groups: IntArray | None = None,
    times: IntArray | None = None,
) -> Split:
    """Cut row numbers into three parts.

    The last `test_rows`, where there are any, are the test part as published. Rows of the same of the
    `groups`, (n,), come into the same part. By their `times`, (n,), the latest rows are the test, and those
    before them the validation. Without either, each class is cut in the same proportion.
    """
    if times is not None:
        return _by_time(times, shares, test_rows)
    if groups is not None:
        return _by_group(y, groups, shares, test_rows)
    return _by_class(y, shares, test_rows)


def split_in_proportion(y: IntArray, shares: Shares, *, test_rows: int = 0) -> Split:
    """Cut row numbers into three parts, each with the classes in proportion, as far as their rows reach.

    Where nothing is learnt, a class may have a single row, or none, in any part.
    """
    free = np.arange(len(y) - test_rows)
    tested = np.arange(len(free), len(y))
    if not test_rows:
        tested = stratified_sample(y, _share(shares.test, len(y)), shares.seed)
        free = np.setdiff1d(free, tested)
    validated = free[stratified_sample(y[free], _share(shares.validation, len(free)), shares.seed)]
    random = np.random.default_rng(shares.seed)  # shuffled, as the parts of any other split are
    train, validation = (random.permutation(rows) for rows in (np.setdiff1d(free, validated), validated))
    return Split(train, validation, tested if test_rows else random.permutation(tested))


def _by_class(y: IntArray, shares: Shares, test_rows: int) -> Split:
    """Cut class by class, rather than by scikit-learn: so a class of five rows is in every part."""
    random = np.random.default_rng(shares.seed)
    drawn: dict[str, list[IntArray]] = {"train": [], "validation": [], "test": []}
    candidates = np.arange(len(y) - test_rows)
    for label in np.unique(y):
        rows = random.permutation(candidates[y[: len(candidates)] == label])
        tested = 0 if test_rows else _share(shares.test, len(rows))
        validated = _share(shares.validation, len(rows) - tested)
        drawn["test"].append(rows[:tested])
        drawn["validation"].append(rows[tested : tested + validated])
        drawn["train"].append(rows[tested + validated :])
    # Shuffled, so that the first few rows of a part are a fair sample of it.
    parts = {part: random.permutation(np.concatenate(rows)) for part, rows in drawn.items()}
    if test_rows:
        parts["test"] = np.arange(len(candidates), len(y))
    return Split(**parts)


def _by_group(y: IntArray, groups: IntArray, shares: Shares, test_rows: int) -> Split:
    """Give whole groups to the parts, the largest first, each to the part that lacks its classes most.

    Raises OptionError where there are fewer groups than parts, or one is in the published test part too.
    """
    free = len(y) - test_rows
    shared = np.intersect1d(groups[:free], groups[free:])
    if len(shared):
        raise OptionError(f"{len(shared)} of the groups of --group stand in the test rows and in others")
    needed = [part for part in range(3) if part < 2 or not test_rows]
    random = np.random.default_rng(shares.seed)
    tested = 0.0 if test_rows else shares.test
    wanted = np.array([(1 - tested) * (1 - shares.validation), (1 - tested) * shares.validation, tested])
    _, numbers = np.unique(groups[:free], return_inverse=True)
    counts = np.zeros((numbers.max() + 1, y.max() + 1))  # rows of each class, a group a row
    np.add.at(counts, (numbers, y[:free]), 1)
    lacking = np.outer(wanted, counts.sum(axis=0))  # rows of each class, a part a row
    if len(counts) < len(needed):
        raise OptionError(f"--group has {len(counts)} groups; {len(needed)} are the least that can be split")
    part_of = np.full(len(counts), -1)
    order = random.permutation(len(counts))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    for place, group in enumerate(order):
        empty = [part for part in needed if part not in part_of]
        choice = empty if len(order) - place <= len(empty) else needed
        part_of[group] = choice[int(np.argmax(lacking[choice] @ counts[group]))]
        lacking[part_of[group]] -= counts[group]
    train, validation, test = (
        random.permutation(np.flatnonzero(part_of[numbers] == part)) for part in range(3)
    )
    return Split(train, validation, np.arange(free, len(y)) if test_rows else test)


def _by_time(times: IntArray, shares: Shares, test_rows: int) -> Split:
    """Give the latest rows to the test. Rows of the same time are in the same part: the later one."""
    free = len(times) - test_rows
    order = np.argsort(times[:free], kind="stable")
    tested = free if test_rows else _first_of_its_time(times[order], free - _share(shares.test, free))
    validated = _first_of_its_time(times[order], tested - _share(shares.validation, tested))
    random = np.random.default_rng(shares.seed)  # shuffled, as the parts of any other split are
    train, validation, test = (random.permutation(rows) for rows in np.split(order, [validated, tested]))
    return Split(train, validation, np.arange(free, len(times)) if test_rows else test)


def _first_of_its_time(times: IntArray, place: int) -> int:
    """Return the first place in sorted `times` that has the time of `place`."""
    return int(np.searchsorted(times, times[place])) if place < len(times) else place


def calibration_sample(y: IntArray, seed: int) -> IntArray:
    """Return the row numbers that ranges are taken from: some of each class, however rare.

    The ranges of a rare class may be like no other's, and a sample of 500 by proportion may not have it.
    """
    return stratified_sample(y, _CALIBRATION_ROWS, seed, least=_CALIBRATION_ROWS_PER_CLASS)


def stratified_sample(y: IntArray, size: int, seed: int, *, least: int = 0) -> IntArray:
    """Return about `size` row numbers, at random by the seed, in the proportions of the classes.

    A class has `least` of its rows, or all where there are fewer: those come on top of `size`.
    """
    if size >= len(y):
        return np.arange(len(y))
    shuffled = np.random.default_rng(seed).permutation(len(y))
    by_class = shuffled[np.argsort(y[shuffled], kind="stable")]
    # Evenly spaced places in rows sorted by class hit each class in proportion.
    drawn = by_class[np.linspace(0, len(y) - 1, size).astype(np.int64)]
    added = [drawn]
    for label in np.unique(y):
        lacking = max(0, least - np.count_nonzero(y[drawn] == label))
        added.append(np.setdiff1d(by_class[y[by_class] == label], drawn)[:lacking])
    return np.sort(np.concatenate(added))


def _share(share: float, rows: int) -> int:
    return min(rows, max(1, round(share * rows)))
