from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bundle.store import ModelStore
from loadtests.errors import LoadTestError
from loadtests.generator.load import Preparer
from loadtests.system.offline_predictions import join, read_predictions
from loadtests.workload.order import Order
from tests.service.cascading import a_cascade

_PLAIN: dict[str, Any] = {
    "host": "http://127.0.0.1:1",
    "models": "models",
    "model": "digits",
    "version": 1,
    "variant": "int8",
    "rows": 1,
    "scenario": "server",
    "users": 1,
    "think_s": 0.0,
    "warmup_s": 0.0,
    "duration_s": 1.0,
    "rate": 100.0,
    "seed": 0,
}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"host": ""}, "--host is missing"),
        ({"rows": 0}, "--rows is 0; a request has at least 1 row"),
        ({"scenario": "flood"}, "--scenario is 'flood'; there are users, "),
        ({"rate": 0.0}, "--rate is 0; an open loop sends more than 0"),
        ({"duration_s": -5.0}, "--arrivals-for is -5; a load takes more than 0 seconds"),
        ({"think_s": -1.0}, "--think is -1; a user thinks for 0 seconds or more"),
        ({"think_s": float("nan")}, "--think is nan"),
        ({"connections": -1}, "--connections is -1; give how many at most, or 0"),
        ({"seed": -1}, "--seed is -1; seeds are whole numbers from 0 on"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_was_given_and_what_is_allowed(
    change: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(LoadTestError) as refusal:
        Preparer().prepare(Order(**(_PLAIN | change)))
    assert str(refusal.value).startswith(complaint)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"model": "nothing"}, "no model 'nothing'"),
        ({"version": 99}, "has no version 99; there are: 1"),
        ({"variant": "int3"}, "has no variant 'int3'; it has float32"),
        ({"offline": "nope.npz"}, "--offline is 'nope.npz', which holds no predictions"),
        ({}, "no service answers at http://127.0.0.1:1"),
    ],
)
def test_what_is_not_there_is_refused_by_name(change: dict[str, Any], complaint: str, models: Path) -> None:
    with pytest.raises(LoadTestError, match=re.escape(complaint)):
        Preparer().prepare(Order(**(_PLAIN | {"models": str(models)} | change)))


def test_a_closed_loop_has_no_rate_to_refuse(tmp_path: Path) -> None:
    order = Order(**(_PLAIN | {"scenario": "users", "rate": 0.0, "models": str(tmp_path)}))
    with pytest.raises(LoadTestError, match="no model"):  # the next thing that is wrong
        Preparer().prepare(order)


def test_predictions_come_back_as_they_were_kept(tmp_path: Path) -> None:
    kept = np.random.default_rng(1).random((4, 2)).astype(np.float32)
    other = 1 - kept
    found = join({"int8": kept, "float32": other}, None, tmp_path / "x.npz")
    read = read_predictions(found.file, (4, 2))
    assert list(read) == ["int8", "float32"]
    np.testing.assert_array_equal(read["int8"], kept)
    np.testing.assert_array_equal(read["float32"], other)


def test_the_predictions_of_a_cascade_are_the_second_ones_where_the_first_is_not_sure(
    models: Path, tmp_path: Path
) -> None:
    first = np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [np.nan, np.nan]], np.float32)
    second = np.array([[0.2, 0.8], [0.3, 0.7], [0.1, 0.9], [0.5, 0.5]], np.float32)
    cascade = a_cascade(ModelStore(models).open("digits").variant("int8").scores, threshold=0.8)
    found = join({"int8": first, "float32": second}, cascade, tmp_path / "x.npz")
    merged = read_predictions(found.file, (4, 2))["cascade"]
    np.testing.assert_array_equal(merged[:2], [first[0], second[1]])
    assert np.isnan(merged[2:]).all()  # too near the threshold to say, and not known
    assert "cascade" not in read_predictions(join({"int8": first}, cascade, tmp_path / "y.npz").file, (4, 2))


@pytest.mark.parametrize("content", [None, b"", b"no archive", b"PK no archive", b"\x93NUMPY"])
def test_a_file_without_predictions_is_refused_by_name(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "nope.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LoadTestError, match=r"--offline is .*nope\.npz', which holds no predictions"):
        read_predictions(path, (4, 2))


def test_predictions_of_another_model_are_refused(tmp_path: Path) -> None:
    join({"int8": np.zeros((3, 2), np.float32)}, None, tmp_path / "x.npz")
    with pytest.raises(LoadTestError, match=r"are of shape \(3, 2\); the model's .* are \(4, 2\)"):
        read_predictions(tmp_path / "x.npz", (4, 2))
    np.save(tmp_path / "x.npy", np.zeros((4, 2)))
    with pytest.raises(LoadTestError, match="holds no predictions"):
        read_predictions(tmp_path / "x.npy", (4, 2))
