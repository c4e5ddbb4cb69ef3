from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.config import DataConfig
from training.data.files.sources import load
from training.data.named import idx
from training.errors import DataError, DataUnreadableError, OptionError


@pytest.mark.parametrize(
    ("name", "rows", "labels"),
    [
        ("breast_cancer", 569, ("benign", "malignant")),
        ("wine", 178, ("class_0", "class_1", "class_2")),
        ("iris", 150, ("setosa", "versicolor", "virginica")),
        ("digits", 1797, tuple(range(10))),
    ],
)
def test_the_data_sets_of_scikit_learn_have_their_own_labels(
    name: str, rows: int, labels: tuple[object, ...]
) -> None:
    data = load(DataConfig(data=name))
    assert (data.name, len(data.x), data.labels) == (name, rows, labels)


def test_digits_are_images() -> None:
    assert load(DataConfig(data="digits")).input.shape == (8, 8)


def write_idx(folder: Path, *, compressed: bool) -> None:
    for part, rows in (("train", 20), ("t10k", 10)):
        images = bytes((0, 0, 8, 3)) + np.array([rows, 2, 3], ">u4").tobytes() + bytes(range(rows * 6))
        labels = bytes((0, 0, 8, 1)) + np.array([rows], ">u4").tobytes() + bytes([0, 1] * (rows // 2))
        for name, content in ((f"{part}-images-idx3-ubyte", images), (f"{part}-labels-idx1-ubyte", labels)):
            if compressed:
                (folder / f"{name}.gz").write_bytes(gzip.compress(content))
            else:
                (folder / name).write_bytes(content)


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_idx_files_are_read_from_a_folder(tmp_path: Path, name: str, compressed: bool) -> None:
    write_idx(tmp_path, compressed=compressed)
    data = load(DataConfig(data=name, data_dir=tmp_path))
    assert (data.name, data.input.kind, data.input.shape) == (name, "image", (2, 3))
    assert (len(data.x), data.test_rows) == (30, 10)
    assert data.x[19].tolist() == list(range(114, 120))


def test_mnist_is_also_read_as_keras_stores_it(tmp_path: Path) -> None:
    x, y = np.zeros((6, 2, 2), np.uint8), np.arange(6, dtype=np.uint8)
    np.savez(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=x[:2], y_test=y[:2])
    assert load(DataConfig(data="mnist", data_dir=tmp_path)).test_rows == 2


def test_a_folder_without_the_files_names_the_first_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(
        DataUnreadableError, match=r"no train-images-idx3-ubyte\.gz and no train-images-idx3-ubyte"
    ):
        load(DataConfig(data="mnist", data_dir=tmp_path))
    with pytest.raises(DataUnreadableError, match="is not a folder"):
        load(DataConfig(data="mnist", data_dir=tmp_path / "none"))


def test_a_damaged_idx_file_is_refused(tmp_path: Path) -> None:
    write_idx(tmp_path, compressed=True)
    path = tmp_path / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataUnreadableError, match="t10k-labels"):
        load(DataConfig(data="mnist", data_dir=tmp_path))


@pytest.mark.parametrize(
    "content",
    [b"", bytes((0, 0, 8, 1)), bytes((0, 0, 8, 1, 0, 0, 0, 3, 1, 2)), bytes((0, 0, 13, 1, 0, 0, 0, 1, 1))],
)
def test_bytes_that_are_not_idx_are_refused(content: bytes) -> None:
    with pytest.raises(DataUnreadableError, match="labels"):
        idx.parse(content, 1, Path("labels"))


@pytest.mark.parametrize("data", ["nothing", "table.txt", "model.pkl", "rows.tar.gz", "a.csv.zst", "b.json"])
@pytest.mark.parametrize("options", [{}, {"label": "y"}, {"sep": ";"}, {"ignore": ("a",)}])
def test_unknown_data_lists_what_is_known_whatever_else_is_said_of_it(
    data: str, options: dict[str, Any]
) -> None:
    with pytest.raises(DataUnreadableError, match=r"breast_cancer, digits.*\.npy, \.npz, \.csv, \.tsv.*\.xz"):
        load(DataConfig(data=data, **options))


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(DataUnreadableError, match=r"no file gone\.npz"):
        load(DataConfig(data="gone.npz"))


def test_options_that_the_data_does_not_use_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="--data-dir"):
        load(DataConfig(data="digits", data_dir=tmp_path))
    with pytest.raises(OptionError, match="--label"):
        load(DataConfig(data="digits", label="y"))


def test_fashion_mnist_is_whole(shared_data: Path) -> None:
    data = load(DataConfig(data="fashion_mnist", data_dir=shared_data / "fashion-mnist"))
    assert data.x.shape == (70_000, 784)
    assert data.test_rows == 10_000
    assert np.bincount(data.y[-10_000:].astype(np.int64)).tolist() == [1000] * 10


def test_speech_is_a_sequence_with_its_published_split(shared_data: Path) -> None:
    data = load(DataConfig(data=str(shared_data / "japanese_vowels.npz")))
    assert (data.input.kind, data.input.shape, data.test_rows) == ("sequence", (29, 12), 370)
    assert data.labels == tuple(range(1, 10))


@pytest.mark.parametrize("name", ["toy.npy", "toy.npz", "toy.csv"])
@given(content=st.binary(max_size=200))
def test_garbage_is_refused_with_a_reason(
    tmp_path_factory: pytest.TempPathFactory, name: str, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("garbage") / name
    path.write_bytes(content)
    with pytest.raises((DataError, OptionError), match="toy"):
        load(DataConfig(data=str(path), label="y" if name == "toy.csv" else None))
