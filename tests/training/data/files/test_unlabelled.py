"""Rows of which nobody said what they are, and rows whose labels nobody will look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from training.config import DataConfig
from training.data.files.columns import Known
from training.data.files.sources import load, load_rows
from training.errors import DataError, DataUnreadableError, FeaturesError, OptionError

X = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
Y = np.arange(4)


def archive(folder: Path, **arrays: np.ndarray) -> DataConfig:
    contents: Any = arrays
    np.savez(folder / "toy.npz", **contents)
    return DataConfig(data=str(folder / "toy.npz"))


def table(folder: Path, frame: pd.DataFrame, **options: str) -> DataConfig:
    frame.to_csv(folder / "toy.csv", index=False)
    return DataConfig(data=str(folder / "toy.csv"), **options)


def test_an_array_is_rows_of_any_rank(tmp_path: Path) -> None:
    np.save(tmp_path / "toy.npy", X)
    read = load_rows(DataConfig(data=str(tmp_path / "toy.npy")), (2, 3), "absent")
    assert (read.name, read.stored, read.input.shape) == ("toy", "uint8", (2, 3))
    assert read.x.tolist() == X.reshape(4, 6).tolist()
    np.save(tmp_path / "flat.npy", Y)
    with pytest.raises(FeaturesError, match=r"shape \(4,\); a \.npy of rows must have one dimension more"):
        load_rows(DataConfig(data=str(tmp_path / "flat.npy")), (2, 3), "absent")


def test_a_last_column_too_many_is_taken_for_labels_where_they_may_be_there(tmp_path: Path) -> None:
    np.save(tmp_path / "toy.npy", np.column_stack([X.reshape(4, 6), Y]))
    config = DataConfig(data=str(tmp_path / "toy.npy"))
    read = load_rows(config, (2, 3), "ignored")
    assert read.x.tolist() == X.reshape(4, 6).tolist()
    assert read.notes == (f"the last column of {config.data} was taken for labels, and left out",)
    with pytest.raises(FeaturesError, match=r"rows of shape \(7,\), and the model takes \(2, 3\)"):
        load_rows(config, (2, 3), "absent")


def test_an_archive_holds_x_alone_or_both_parts_of_a_split(tmp_path: Path) -> None:
    assert len(load_rows(archive(tmp_path, x=X), (2, 3), "absent").x) == 4
    read = load_rows(archive(tmp_path, x_train=X, x_test=X[:1]), (2, 3), "absent")
    assert (len(read.x), read.test_rows) == (5, 1)
    with pytest.raises(DataUnreadableError, match="holds rows; it must hold x, or x_train and x_test"):
        load_rows(archive(tmp_path, rows=X), (2, 3), "absent")


def test_labels_in_an_archive_are_told_of_or_not_looked_at(tmp_path: Path) -> None:
    config = archive(tmp_path, x_train=X, y_train=np.array([None] * 4).astype("U4"), x_test=X[:1])
    with pytest.raises(OptionError, match="holds y_train, and so has labels: leave --unlabelled away"):
        load_rows(config, (2, 3), "absent")
    assert load_rows(config, (2, 3), "ignored").test_rows == 1
    ignored = config.model_copy(update={"ignore": ("y_train",)})
    assert load_rows(ignored, (2, 3), "absent").test_rows == 1
    with pytest.raises(DataUnreadableError, match="holds z beside x"):
        load_rows(archive(tmp_path, x=X, z=X), (2, 3), "ignored")


def test_every_column_of_a_table_is_a_feature(tmp_path: Path) -> None:
    config = table(tmp_path, pd.DataFrame({"a": [1, 2], "b": [0.5, 0.25]}))
    read = load_rows(config, (2,), "absent")
    assert read.x.tolist() == [[1, 0.5], [2, 0.25]]
    assert read.input.feature_names == ("a", "b")
    with pytest.raises(OptionError, match="--label and --unlabelled were both given"):
        load_rows(config.model_copy(update={"label": "b"}), (2,), "absent")


def test_columns_that_other_data_have_may_be_there_where_labels_are_not_looked_at(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, 0.25]})
    config = table(tmp_path, frame, label="y", split="part")
    assert load_rows(config, (2,), "ignored").x.tolist() == [[1, 0.5], [2, 0.25]]
    config = table(tmp_path, frame.assign(y=["u", ""], part=["train", "test"]), label="y", split="part")
    read = load_rows(config, (2,), "ignored")
    assert (read.x.tolist(), read.test_rows) == ([[1, 0.5], [2, 0.25]], 1)


def test_words_are_no_rows_of_an_imported_model(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2, 3], "job": ["nurse", "smith", "smith"]})
    with pytest.raises(
        FeaturesError, match=r"has words in column 'job', and an .* with --ignore job, or say"
    ):
        load_rows(table(tmp_path, frame), (2,), "absent")
    frame = pd.concat([frame] * 20)
    with pytest.raises(
        FeaturesError, match="has the category 'job', and an imported model takes numbers alone"
    ):
        load_rows(table(tmp_path, frame), (2,), "absent")
    holes = table(tmp_path, pd.DataFrame({"a": [1, None], "b": [3, 4]}))
    with pytest.raises(
        OptionError, match="an imported model fills in nothing; --missing drop leaves rows out"
    ):
        load_rows(holes.model_copy(update={"missing": "fill"}), (2,), "absent")
    assert len(load_rows(holes.model_copy(update={"missing": "drop"}), (2,), "absent").x) == 1


def test_a_data_set_that_everybody_knows_has_labels() -> None:
    with pytest.raises(OptionError, match="iris has labels: leave --unlabelled away"):
        load_rows(DataConfig(data="iris"), (4,), "absent")
    assert load_rows(DataConfig(data="iris"), (4,), "ignored").x.shape == (150, 4)


def test_where_labels_are_wanted_the_way_to_do_without_is_told(tmp_path: Path) -> None:
    np.save(tmp_path / "toy.npy", X)
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, 0.25]})
    Image.new("L", (3, 2)).save(tmp_path / "1.png")
    configs = [
        DataConfig(data=str(tmp_path / "toy.npy")),
        archive(tmp_path, x=X),
        table(tmp_path, frame),
        DataConfig(data=str(tmp_path)),
    ]
    for config in configs:
        with pytest.raises(
            (DataError, OptionError), match=r"; rows without labels are read with --unlabelled$"
        ):
            load(config, Known(shape=(2, 3), may_do_without=True))
        with pytest.raises((DataError, OptionError), match=r"^(?!.*--unlabelled).*$"):
            load(config)


def test_the_numbers_of_a_table_keep_the_type_that_all_of_them_have(tmp_path: Path) -> None:
    whole = pd.DataFrame({"a": [1, 2], "b": [3, 2**53 + 1]})
    assert load_rows(table(tmp_path, whole), (2,), "absent").stored == "int64"
    assert load_rows(table(tmp_path, whole.assign(c=[0.5, 1])), (3,), "absent").stored == "float64"
    whole.astype(np.uint8).to_parquet(tmp_path / "toy.parquet")
    config = DataConfig(data=str(tmp_path / "toy.parquet"))
    assert load_rows(config, (2,), "absent").stored == "uint8"


def test_rows_are_told_apart_by_their_digest_and_become_data_by_answers(tmp_path: Path) -> None:
    read = load_rows(archive(tmp_path, x=X), (2, 3), "absent")
    again = load_rows(archive(tmp_path, x=X.astype(np.float64)), (6,), "absent")
    assert read.sha256 == again.sha256 != load_rows(archive(tmp_path, x=X + 1), (2, 3), "absent").sha256
    data = read.answered(Y)
    assert (data.labels, data.stored, data.taken) == ((0, 1, 2, 3), "uint8", read.taken)
