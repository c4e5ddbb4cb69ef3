"""Which rows calibrate an imported model, which validate it and which test it: no row is in two parts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bundle.normalizer import FloatArray, Method, Normalizer
from training.data.dataset import Dataset, IntArray, Unlabelled
from training.data.imported.columns import Classes
from training.data.labels import class_indices
from training.data.overlap import Fingerprints, fingerprints
from training.data.prepare import Prepared
from training.data.scaling import fit_normalizer
from training.data.split import Shares, Split, split, split_in_proportion
from training.errors import LabelsError, listed


def prepare_for_model(
    data: Dataset,
    labels: Classes,
    normalizer: Normalizer | Method,
    shares: Shares,
    calibration: Unlabelled | None = None,
) -> Prepared:
    """Part `data` for a model that is trained already, whose outputs stand for `labels`.

    `x_train` are rows that calibrate, and that a normaliser is fitted on where a method is given. They are
    those of `calibration`, if any, whose labels are not known: `y_train` is then 0. A row that calibrates or
    validates stands nowhere among the test rows. Raises LabelsError where a part would have no rows.
    """
    y = class_indices(data.y, labels)
    found = fingerprints(data.x)
    parts, notes = _without_test_rows(_parts(data, y, shares, calibration), found)
    _require_rows(data, parts, calibration)
    x_train, y_train, seen = data.x[parts.train], y[parts.train], found[parts.train]
    if calibration is not None:
        x_train, seen, more = _other_rows(data, calibration, found[parts.test])
        y_train, notes = np.zeros(len(x_train), np.int64), (*notes, *more)
    if not isinstance(normalizer, Normalizer):
        normalizer = fit_normalizer(normalizer, x_train, data.input)
    return Prepared(
        data.input,
        labels,
        normalizer,
        x_train,
        y_train,
        data.x[parts.validation],
        y[parts.validation],
        data.x[parts.test],
        y[parts.test],
        (*notes, *_absent(data, y[parts.test], labels)),
        seen=np.unique(np.concatenate([seen, found[parts.validation]])),
    )


def _parts(data: Dataset, y: IntArray, shares: Shares, calibration: Unlabelled | None) -> Split:
    """Cut the rows as those of a training are, but that a class may have too few for every part.

    Where other rows calibrate, all that do not test validate.
    """
    if data.groups is None and data.times is None:
        parts = split_in_proportion(y, shares, test_rows=data.test_rows)
    else:
        parts = split(y, shares, test_rows=data.test_rows, groups=data.groups, times=data.times)
    if calibration is None:
        return parts
    return Split(np.zeros(0, np.int64), np.concatenate([parts.validation, parts.train]), parts.test)


def _without_test_rows(parts: Split, found: Fingerprints) -> tuple[Split, tuple[str, ...]]:
    """Leave out the rows that calibrate or validate and stand among the test rows as well."""
    tested = found[parts.test]
    train, validation = (rows[~np.isin(found[rows], tested)] for rows in (parts.train, parts.validation))
    gone = len(parts.train) + len(parts.validation) - len(train) - len(validation)
    note = f"left out {gone:,} rows to calibrate or validate with, which also stand in the test rows"
    return Split(train, validation, parts.test), (note,) if gone else ()


def _other_rows(
    data: Dataset, calibration: Unlabelled, tested: Fingerprints
) -> tuple[FloatArray, Fingerprints, tuple[str, ...]]:
    """Return the rows of `calibration` that test nothing, their fingerprints, and what to tell of it."""
    rows = calibration.x[: len(calibration.x) - calibration.test_rows]
    found = fingerprints(rows)
    free: npt.NDArray[np.bool_] = ~np.isin(found, tested)
    if not free.any():
        raise LabelsError(f"every row of {calibration.name} also stands in the test rows of {data.name}")
    notes = list(calibration.notes)
    if not free.all():
        gone = f"{np.count_nonzero(~free):,} of {len(rows):,}"
        notes.append(f"left out {gone} rows of {calibration.name}, which also stand in the test rows")
    return rows[free], found[free], tuple(notes)


def _require_rows(data: Dataset, parts: Split, calibration: Unlabelled | None) -> None:
    wanted = {"validate": parts.validation, "test": parts.test}
    if calibration is None:
        wanted["calibrate"] = parts.train
    for purpose, rows in wanted.items():
        if not len(rows):
            raise LabelsError(
                f"{data.name} has {len(data.x)} rows, and none is left to {purpose} with; give more rows, or "
                "other shares with --test-size and --validation-size"
            )


def _absent(data: Dataset, y: IntArray, labels: Classes) -> tuple[str, ...]:
    """Say which classes no test row is of."""
    absent = np.setdiff1d(np.arange(len(labels)), y)
    if not len(absent):
        return ()
    named = listed([repr(labels[place]) for place in absent])
    return (f"{data.name} has no test row of class {named}: how well those are told is not known",)
