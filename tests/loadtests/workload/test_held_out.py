from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bundle.store import ModelStore
from loadtests.errors import LoadTestError
from loadtests.workload.held_out import HeldOut


def _saved(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "rows.npz", **arrays)
    return folder / "rows.npz"


def test_those_of_a_bundle_are_its_test_set_with_the_labels_in_the_order_of_its_outputs(models: Path) -> None:
    bundle = ModelStore(models).open("breast_cancer")
    held_out = HeldOut.of_bundle(bundle)
    np.testing.assert_array_equal(held_out.x, bundle.test_set()[0])
    np.testing.assert_array_equal(held_out.y, bundle.test_set()[1])
    assert (held_out.labels, held_out.source) == (bundle.manifest.labels, "breast_cancer/1")


@pytest.mark.parametrize(
    ("y", "more", "labels", "right"),
    [
        ([2, 0], {}, (0, 1, 2), [2, 0]),
        ([9, 7], {}, (7, 9), [9, 7]),
        ([1.0, 0.0], {}, (0, 1), [1, 0]),
        ([True, False], {}, (0, 1), [1, 0]),
        ([[1], [0]], {}, (0, 1), [1, 0]),
        (["dog", "cat"], {}, ("cat", "dog"), ["dog", "cat"]),
        ([b"dog", b"cat"], {}, ("cat", "dog"), ["dog", "cat"]),
        (["dog", "cat"], {"labels": ["owl", "dog", "cat"]}, ("owl", "dog", "cat"), ["dog", "cat"]),
        ([1, 0], {"labels": ["no", "yes"]}, ("no", "yes"), ["yes", "no"]),
        ([8, 9], {"labels": [9, 8, 7]}, (9, 8, 7), [8, 9]),
    ],
)
def test_labels_are_numbers_texts_or_places_among_those_that_are_given(
    y: list[Any], more: dict[str, Any], labels: tuple[Any, ...], right: list[Any], tmp_path: Path
) -> None:
    held_out = HeldOut.of_file(_saved(tmp_path, x=np.zeros((2, 3)), y=y, **more))
    assert (held_out.labels, held_out.y.tolist(), held_out.source) == (labels, right, "rows.npz")
    assert all(type(one) is type(labels[0]) for one in held_out.y.tolist())


@pytest.mark.parametrize(
    ("x", "rows"),
    [
        (np.arange(4, dtype=np.uint8).reshape(2, 2), [[0, 1], [2, 3]]),
        (np.arange(8.0).reshape(2, 2, 2), [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]),
        (np.array([0.5, 1.5]), [[0.5], [1.5]]),
        (np.array(["a text", "another"]), ["a text", "another"]),
        (np.array([["a text"], ["another"]]), ["a text", "another"]),
    ],
)
def test_rows_are_numbers_of_any_shape_or_texts(x: Any, rows: list[Any], tmp_path: Path) -> None:
    held_out = HeldOut.of_file(_saved(tmp_path, x=x, y=[0, 1]))
    assert held_out.x.tolist() == rows
    assert held_out.x.dtype in {np.dtype(np.float32), np.dtype(object)}


@pytest.mark.parametrize(
    ("arrays", "complaint"),
    [
        ({"x": np.zeros((2, 3))}, "which has no array y; it takes x, the rows, and y"),
        ({"x": np.zeros((2, 3)), "y": [1]}, "which has 2 rows and 1 labels"),
        ({"x": np.zeros((0, 3)), "y": np.zeros(0, int)}, "which has 0 rows and 0 labels"),
        ({"x": np.array([1, 2], complex), "y": [0, 1]}, r"whose x is complex128\(2,\)"),
        ({"x": np.array([[np.nan], [1]]), "y": [0, 1]}, "numbers that are not finite"),
        ({"x": np.zeros((2, 3)), "y": np.zeros((2, 2))}, r"whose y is int64\(2, 2\)"),
        ({"x": np.zeros((2, 3)), "y": [0.5, 1]}, r"whose y is float64\(2,\)"),
        ({"x": np.zeros((2, 3)), "y": [0, 2], "labels": ["a", "b"]}, "not all places among its 2 labels"),
        (
            {"x": np.zeros((2, 3)), "y": ["a", "c"], "labels": ["a", "b"]},
            "'c', which is not among",
        ),
        ({"x": np.zeros((2, 3)), "y": ["a", "a"]}, "it takes two or more that differ"),
        ({"x": np.zeros((2, 3)), "y": ["a", "b"], "labels": ["a", "b", "a"]}, "two or more that differ"),
        ({"x": np.array([None, 1]), "y": [0, 1]}, "it is no .npz file of numbers and texts"),
    ],
)
def test_a_file_of_something_else_is_refused_by_name(
    arrays: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(LoadTestError, match=complaint) as refusal:
        HeldOut.of_file(_saved(tmp_path, **arrays))
    assert str(refusal.value).startswith(f"--rows-from is '{tmp_path / 'rows.npz'}', ")


@pytest.mark.parametrize("content", [None, b"", b"nothing", b"PK nothing"])
def test_what_is_no_such_file_is_refused_by_name(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "rows.npz"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(LoadTestError, match="which cannot be read"):
        HeldOut.of_file(file)
    np.save(tmp_path / "x.npy", np.zeros(3))
    with pytest.raises(LoadTestError, match="which cannot be read"):
        HeldOut.of_file(tmp_path / "x.npy")
