from __future__ import annotations

import numpy as np
import pytest

from training.config import DataConfig
from training.data.dataset import Dataset
from training.data.files.sources import load


@pytest.fixture(scope="module")
def data() -> Dataset:
    np.random.seed(7)  # noqa: NPY002 - what another library may do
    return load(DataConfig(data="mnist1d"))


def test_twenty_thousand_rows_of_forty_numbers_are_drawn_of_which_half_are_test(data: Dataset) -> None:
    assert (data.name, data.x.shape, data.test_rows) == ("mnist1d", (20_000, 40), 10_000)
    assert (data.input.kind, data.labels) == ("vector", tuple(range(10)))


def test_they_are_the_rows_of_the_authors(data: Dataset) -> None:
    """Of `mnist1d` 0.0.2.post1: `make_dataset` with `num_samples` 20,000 and `train_split` 0.5."""
    assert data.x[0, :6].tolist() == pytest.approx([-0.158, -0.097, 0.003, -0.604, -0.734, -0.922])
    assert data.x[-1, -6:].tolist() == pytest.approx([0.759, 0.700, 0.954, 1.154, 1.067, 0.670])
    assert data.y[:12].tolist() == [8, 4, 9, 8, 1, 9, 7, 3, 1, 2, 2, 1]
    assert data.y[-6:].tolist() == [5, 7, 3, 1, 4, 3]


def test_they_are_the_same_every_time_and_nobody_elses_random_numbers_change_them(data: Dataset) -> None:
    assert data.sha256 == "c59bb015017bdbe8e3877a22f9934cdd318f1aa137b623f82c5a7dc5e308a237"


def test_every_class_has_its_share_of_the_test(data: Dataset) -> None:
    assert np.bincount(data.y.astype(np.int64)).tolist() == [2_000] * 10
    tested = np.bincount(data.y[-data.test_rows :].astype(np.int64))
    assert (tested.min(), tested.max()) == (968, 1026)


def test_no_row_is_there_twice_so_none_is_in_training_and_test(data: Dataset) -> None:
    assert len(np.unique(data.x, axis=0)) == len(data.x)


def test_numbers_are_short_to_send_and_on_one_scale(data: Dataset) -> None:
    assert all(len(str(number).partition(".")[2]) <= 3 for number in data.x[:1_000].ravel())
    assert (float(data.x.mean()), float(data.x.std())) == pytest.approx((0, 1), abs=1e-3)
