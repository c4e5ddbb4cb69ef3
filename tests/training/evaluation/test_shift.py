from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bundle.fields import CategoryField, NumberField, TextField
from bundle.manifest import CalibrationSpec, InputSpec
from bundle.normalizer import FloatArray
from bundle.store import ModelStore
from tests.training.watchers import Notes
from training.config import DataConfig
from training.data.files.sources import load
from training.data.prepare import prepare
from training.diagnosis.diagnose import diagnose
from training.evaluation.shift import distances, shifts
from training.runs.rescore import rescore

NAMED = InputSpec(kind="vector", shape=(3,), feature_names=("heat", "flow", "flag"))


def rows(count: int, seed: int) -> FloatArray:
    """Return a number around 50, one around 0, and a flag that is seldom 1."""
    random = np.random.default_rng(seed)
    columns = random.normal(50, 2, count), random.normal(0, 1, count), random.random(count) < 0.02
    return np.column_stack(columns).astype(np.float32)


SEEN = rows(100, 0)


def told(given: FloatArray) -> str:
    return "\n".join(shifts(given, SEEN, NAMED))


@pytest.mark.parametrize("seed", range(1, 9))
def test_other_rows_of_the_same_kind_are_no_shift(seed: int) -> None:
    assert told(rows(80, seed)) == ""
    assert told(rows(12, seed)) == ""


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            lambda x: x + np.array([0, 8, 0]),
            "1 of 3 features are not as in rows like those trained on: 'flow' is mostly",
        ),
        (lambda x: x * [1, 1000, 1], "'flow'"),  # in other units, around 0 in either
        (lambda x: x * [1, 0.001, 1], "'flow'"),
        (lambda x: x * 1000, "2 of 3 features"),
        (lambda x: x * [0, 1, 1] + [50, 0, 0], "'heat' is mostly 50 to 50"),  # a sensor that got stuck
        (lambda x: x[:, [1, 0, 2]], "2 of 3 features"),  # columns of the same name were exchanged
        (lambda x: 1 - x * [0, 0, 1], "'flag' is mostly"),
    ],
)
def test_rows_that_have_moved_are_named_by_feature(change: object, named: str) -> None:
    assert callable(change)
    assert named in told(np.asarray(change(rows(80, 1)), np.float32))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", ["one of twelve", "mostly zero", "heavy tails"])
def test_rows_of_whatever_shape_are_like_others_of_it(kind: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    x = {
        "one of twelve": lambda: np.eye(12)[random.integers(12, size=400)],
        "mostly zero": lambda: random.lognormal(size=(400, 12)) * (random.random((400, 12)) < 0.06),
        "heavy tails": lambda: random.standard_t(2, size=(400, 12)),
    }[kind]().astype(np.float32)
    spec = InputSpec(kind="vector", shape=(12,))
    given, seen = x[:80], x[80:]
    assert [*shifts(given, seen, spec, CalibrationSpec.of(seen, 12))] == []
    moved = [*shifts(given * 100 + 999, seen, spec, CalibrationSpec.of(seen, 12))]
    assert [told.split(" of ")[0] for told in moved] == ["12", "12"]


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits"])
def test_the_test_rows_of_a_model_are_no_news_to_it(name: str) -> None:
    data = load(DataConfig(data=name))
    for seed in range(5):
        made = prepare(data, normalize="standardize", test_size=0.2, validation_size=0.1, seed=seed)
        calibration = CalibrationSpec.of(made.x_train, made.input.channels)
        assert [*shifts(made.x_test, made.x_train, made.input, calibration)] == []


def test_too_few_rows_tell_nothing() -> None:
    assert told(rows(2, 1) + np.float32(1)) == ""


def test_pictures_in_other_units_are_told_of() -> None:
    random = np.random.default_rng(0)
    spec = InputSpec(kind="image", shape=(8, 8))
    pixels: FloatArray = (random.integers(1, 256, (60, 64)) * (random.random((60, 64)) < 0.2)).astype(
        np.float32
    )
    assert list(shifts(pixels[:30], pixels[30:], spec)) == []
    (told,) = shifts(pixels[:30] / np.float32(255), pixels[30:], spec)
    assert "channel 0 is mostly 0 to" in told


def test_what_fields_have_that_the_training_rows_had_not_is_told_of() -> None:
    spec = InputSpec(
        kind="table",
        shape=(2 + 3 + 2,),
        fields=(
            NumberField(name="age", missing="filled", fill=40.0),
            CategoryField(name="job", missing="filled", categories=("baker", "nurse")),
            TextField(name="note", missing="filled", tokens=2),
        ),
        vocabulary=9,
    )
    random = np.random.default_rng(0)
    ages = random.normal(40, 9, 100)
    jobs, words = random.integers(2, size=(100, 3)) * [1, 1, 0], random.integers(2, 9, (100, 2))
    seen: FloatArray = np.column_stack([ages, 0 * ages, jobs, words]).astype(np.float32)
    other = seen.copy()
    other[:40, 1], other[:5, 2:5], other[:, 5:] = 1, (0, 0, 1), 1
    assert list(shifts(seen[::-1], seen, spec)) == []
    usual = "0% in rows like those trained on"
    assert list(shifts(other, seen, spec)) == [
        f"40% of 'age' is missing; {usual}",
        f"5% of the rows have a category in 'job' that the training rows did not have, or none; {usual}",
        f"100% of the words in 'note' are unknown to the model; {usual}",
    ]
    other[:, 5:] = 0
    assert f"100% of 'note' holds no word; {usual}" in list(shifts(other, seen, spec))


def test_values_beyond_the_calibration_are_told_of_as_diagnose_does() -> None:
    calibration = CalibrationSpec(rows=100, low=(0, -9, 0), high=(100, 0, 1))
    (told,) = shifts(SEEN, SEEN, NAMED, calibration)
    assert told.startswith("1 of 3 features leave the range that was calibrated with; 'flow' in ")


def test_distance_is_that_of_the_distributions_column_by_column() -> None:
    one = np.arange(40, dtype=np.float32)[:, None]
    found = distances(one, np.hstack([one, one + 20, one + 99, one * 0]))
    assert found.tolist() == pytest.approx([0, 0.5, 1, 0.975], abs=0.05)


def test_evaluate_and_diagnose_say_the_same_of_the_same_rows(models: Path, tmp_path: Path) -> None:
    bundle = ModelStore(models).open("breast_cancer")
    x, y = bundle.test_set()
    x[:, 3] += 8 * x[:, 3].std()
    np.savez(tmp_path / "moved.npz", x=x, y=y)
    config = DataConfig(data=str(tmp_path / "moved.npz"))
    evaluated, diagnosed = Notes(), Notes()
    rescore(bundle.folder, config, progress=evaluated)
    diagnose(bundle.folder, "int8", config=config, margin=0.01, progress=diagnosed)
    (moved,) = diagnosed.warnings
    assert moved.startswith(
        "1 of 30 features are not as in rows like those trained on: 'mean area' is mostly"
    )
    assert evaluated.warnings[0] == moved
    assert "leave the range that was calibrated with; 'mean area'" in evaluated.warnings[1]
