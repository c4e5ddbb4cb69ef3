"""The normaliser learns from true values alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bundle.fields import CategoryField, NumberField, TextField
from bundle.manifest import InputSpec
from tests.field_data import write_tones
from training.config import DataConfig
from training.data.files.sources import load
from training.data.prepare import prepare
from training.data.scaling import fit_normalizer
from training.errors import DataUnreadableError, FeaturesError, OptionError


def test_padding_does_not_teach_the_normaliser(tmp_path: Path) -> None:
    data = load(DataConfig(data=str(write_tones(tmp_path / "tones.npz"))))
    assert data.input.padded
    assert data.lengths is not None
    assert np.isfinite(data.x).all()  # what filled them up was no number
    prepared = prepare(data, normalize="standardize", test_size=0.2, validation_size=0.1, seed=1)
    assert np.abs(prepared.normalizer.offset - [51.5, -20]).max() < 0.5  # zeros would draw it far away
    steps = prepared.x_train.reshape(-1, 2)
    steps = steps[steps.any(axis=1)].astype(np.float64)
    np.testing.assert_allclose(prepared.normalizer.offset, steps.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(prepared.normalizer.scale, 1 / steps.std(axis=0), rtol=1e-5)


@pytest.mark.parametrize("method", ["standardize", "minmax"])
def test_numbers_are_scaled_and_ids_and_yes_and_no_are_not(method: Any) -> None:
    fields = (
        NumberField(name="n", missing="filled"),
        CategoryField(name="c", categories=("a", "b")),
        TextField(name="t", tokens=2),
    )
    spec = InputSpec(kind="table", shape=(7,), fields=fields, vocabulary=9)
    #                  n    missing  a  b  other  t
    rows = np.array([[10, 0, 1, 0, 0, 5, 0], [30, 1, 0, 1, 0, 8, 0]], np.float32)
    normalizer = fit_normalizer(method, rows, spec)
    scaled = normalizer.apply(rows)
    assert scaled[:, 0].tolist() == ([-1, 1] if method == "standardize" else [0, 1])
    np.testing.assert_array_equal(scaled[:, 1:], rows[:, 1:])
    new = np.array([[20, 0, 0, 0, 1, 8, 7]], np.float32)
    # No training row was of another category: that column taught nothing, and is ignored. An id never is.
    assert normalizer.apply(new)[0, 1:].tolist() == [0, 0, 0, 0, 8, 7]


@pytest.mark.parametrize(
    ("lengths", "said"),
    [
        ([1, 2, 3], r"lengths of type int64 and shape \(3,\); there must be one"),
        ([0, 1], "a length of 0 in row 0; it must be from 1 to 4"),
        ([1, 5], "a length of 5 in row 1; it must be from 1 to 4"),
        ([1.5, 2.0], "lengths of type float64"),
    ],
)
def test_lengths_that_cannot_be_are_refused(tmp_path: Path, lengths: list[float], said: str) -> None:
    np.savez(tmp_path / "toy.npz", x=np.ones((2, 4, 3)), y=[0, 1], length=lengths)
    with pytest.raises(FeaturesError, match=said):
        load(DataConfig(data=str(tmp_path / "toy.npz")))


def test_only_sequences_have_lengths(tmp_path: Path) -> None:
    np.savez(tmp_path / "toy.npz", x=np.ones((2, 3)), y=[0, 1], length=[1, 2])
    with pytest.raises(OptionError, match="only sequences have"):
        load(DataConfig(data=str(tmp_path / "toy.npz")))


def test_one_length_array_alone_is_refused(tmp_path: Path) -> None:
    x, y = np.ones((2, 4, 3)), [0, 1]
    np.savez(tmp_path / "toy.npz", x_train=x, y_train=y, x_test=x, y_test=y, length_train=[1, 2])
    with pytest.raises(DataUnreadableError, match="holds length_train alone"):
        load(DataConfig(data=str(tmp_path / "toy.npz")))
