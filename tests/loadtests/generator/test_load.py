from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loadtests.errors import LoadTestError
from loadtests.generator.load import Preparer
from loadtests.system.offline_predictions import read_predictions
from loadtests.workload.order import Order

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
    np.savez(tmp_path / "x.npz", probabilities=kept, rows_per_s=1.0)
    np.testing.assert_array_equal(read_predictions(tmp_path / "x.npz", (4, 2)), kept)


@pytest.mark.parametrize("content", [None, b"", b"no archive", b"PK no archive", b"\x93NUMPY"])
def test_a_file_without_predictions_is_refused_by_name(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "nope.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LoadTestError, match=r"--offline is .*nope\.npz', which holds no predictions"):
        read_predictions(path, (4, 2))


def test_predictions_of_another_model_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", probabilities=np.zeros((3, 2)))
    with pytest.raises(LoadTestError, match=r"are of shape \(3, 2\); the model's .* are \(4, 2\)"):
        read_predictions(tmp_path / "x.npz", (4, 2))
    np.save(tmp_path / "x.npy", np.zeros((4, 2)))
    with pytest.raises(LoadTestError, match="holds no predictions"):
        read_predictions(tmp_path / "x.npy", (4, 2))
