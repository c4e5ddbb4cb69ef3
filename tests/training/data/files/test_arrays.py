from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.config import DataConfig
from training.data.dataset import Dataset
from training.data.files.sources import load
from training.errors import DataUnreadableError, FeaturesError, LabelsError, OptionError

TABLE = np.column_stack([np.arange(30.0).reshape(10, 3), [0, 1] * 5])


def of_npz(folder: Path, **arrays: Any) -> Dataset:
    path = folder / "toy.npz"
    np.savez(path, **arrays)
    return load(DataConfig(data=str(path)))


def test_npy_has_its_label_in_the_last_column(tmp_path: Path) -> None:
    np.save(tmp_path / "toy.npy", TABLE)
    data = load(DataConfig(data=str(tmp_path / "toy.npy")))
    assert data.name == "toy"
    assert data.x.tolist() == TABLE[:, :3].tolist()
    assert data.labels == (0, 1)


@pytest.mark.parametrize("table", [np.ones(5), np.ones((5, 1)), np.ones((5, 2, 2)), np.full((5, 3), "a")])
def test_npy_that_is_no_matrix_of_numbers_is_refused(tmp_path: Path, table: Any) -> None:
    np.save(tmp_path / "toy.npy", table)
    with pytest.raises(FeaturesError, match=r"a \.npy must"):
        load(DataConfig(data=str(tmp_path / "toy.npy")))


def test_npz_has_x_and_y(tmp_path: Path) -> None:
    data = of_npz(tmp_path, x=TABLE[:, :3], y=np.array([b"no", b"yes"] * 5))
    assert data.labels == ("no", "yes")


def test_npz_with_a_published_split_keeps_it(tmp_path: Path) -> None:
    data = of_npz(
        tmp_path, x_train=TABLE[:7, :3], y_train=TABLE[:7, 3], x_test=TABLE[7:, :3], y_test=TABLE[7:, 3]
    )
    assert data.test_rows == 3
    assert data.x.tolist() == TABLE[:, :3].tolist()


def test_npz_names_what_it_holds_where_x_and_y_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataUnreadableError, match="holds rows, labels; it must hold x and y"):
        of_npz(tmp_path, rows=TABLE, labels=TABLE)


def test_npz_whose_split_does_not_fit_together_is_refused(tmp_path: Path) -> None:
    x, y = TABLE[:, :3], TABLE[:, 3]
    with pytest.raises(FeaturesError, match=r"rows of shape \(3,\) and test rows of \(2,\)"):
        of_npz(tmp_path, x_train=x, y_train=y, x_test=x[:, :2], y_test=y)
    with pytest.raises(LabelsError, match="10 rows and 9 labels to test"):
        of_npz(tmp_path, x_train=x, y_train=y, x_test=x, y_test=y[:9])
    with pytest.raises(DataUnreadableError, match=r"x in .* is a single value"):
        of_npz(tmp_path, x=np.float32(1), y=y)


@pytest.mark.parametrize("name", ["toy.npy", "toy.npz"])
def test_objects_and_pickles_are_refused_unopened(tmp_path: Path, name: str) -> None:
    opened = tmp_path / "opened"

    class Trap:
        def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
            return Path.touch, (opened,)

    objects = np.array([[Trap(), 1]] * 5, dtype=object)
    with (tmp_path / name).open("wb") as stream:
        if name.endswith("npy"):
            np.save(stream, objects)
        else:
            np.savez(stream, x=objects, y=np.arange(5))
    with pytest.raises(DataUnreadableError, match="Python objects"):
        load(DataConfig(data=str(tmp_path / name)))
    (tmp_path / name).write_bytes(objects.dumps())
    with pytest.raises(DataUnreadableError, match="Python objects"):
        load(DataConfig(data=str(tmp_path / name)))
    assert not opened.exists()


def test_a_truncated_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "toy.npz"
    np.savez(path, x=TABLE[:, :3], y=TABLE[:, 3])
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataUnreadableError, match=r"toy\.npz"):
        load(DataConfig(data=str(path)))


X, LABELS = TABLE[:, :3], TABLE[:, 3]


@pytest.mark.parametrize(
    ("strange", "arrays", "said"),
    [
        ("x_test", {"x": X, "y": LABELS}, "holds x_test beside x, y; .* --ignore x_test"),
        ("lengths", {"x": X, "y": LABELS}, "holds lengths beside x, y; .* x, y, length are read"),
        (
            "lenght_test",
            {"x_train": X, "y_train": LABELS, "x_test": X, "y_test": LABELS},
            "holds lenght_test beside x_train, y_train, x_test, y_test",
        ),
    ],
)
def test_npz_with_an_array_that_nobody_would_look_at_is_refused_unless_it_is_ignored(
    tmp_path: Path, strange: str, arrays: dict[str, Any], said: str
) -> None:
    with pytest.raises(DataUnreadableError, match=said):
        of_npz(tmp_path, **arrays, **{strange: LABELS})
    assert len(load(DataConfig(data=str(tmp_path / "toy.npz"), ignore=(strange,))).y) in {10, 20}
    with pytest.raises(OptionError, match="no array 'z', wanted by --ignore; it has"):
        load(DataConfig(data=str(tmp_path / "toy.npz"), ignore=("z",)))


def test_labels_of_bytes_are_text_in_utf_8_or_refused(tmp_path: Path) -> None:
    x = np.zeros((2, 3))
    np.savez(tmp_path / "utf8.npz", x=x, y=np.array(["caf\u00e9".encode(), b"b"]))
    assert load(DataConfig(data=str(tmp_path / "utf8.npz"))).y.tolist() == ["caf\u00e9", "b"]
    np.savez(tmp_path / "latin1.npz", x=x, y=np.array(["caf\u00e9".encode("latin-1"), b"b"]))
    with pytest.raises(LabelsError, match=r"the bytes b'caf\\xe9', which are not text in UTF-8"):
        load(DataConfig(data=str(tmp_path / "latin1.npz")))
