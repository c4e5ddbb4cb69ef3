from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bundle.store import ModelStore
from tests.training.watchers import Notes
from training.config import DataConfig, TrainConfig
from training.data.overlap import fingerprints, overlap
from training.progress import Silence
from training.runs.material import read
from training.runs.rescore import rescore


def test_a_row_has_the_same_number_wherever_it_stands_and_another_row_another() -> None:
    rows = np.array([[0.0, 1.5], [-0.0, 1.5], [1.5, 0.0]], np.float32)
    first, same, other = fingerprints(rows)
    assert first == same != other


def test_instances_are_told_apart_by_what_they_say_and_not_by_how_it_is_written() -> None:
    one = {"age": 41, "name": "Jos\u00e9", "pay": 0.1}
    same = {"name": "Jose\u0301", "pay": float(np.float32(0.1)), "age": 41.0}
    numbers = fingerprints(np.zeros((4, 1), np.float32), [one, same, one | {"age": None}, one | {"age": 42}])
    assert numbers[0] == numbers[1]
    assert len(set(numbers.tolist())) == 3


def test_training_says_which_test_rows_it_has_seen(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = np.repeat(random.normal(size=(60, 4)), 5, axis=0)  # each of 60 rows five times
    np.savez(tmp_path / "again.npz", x=x, y=random.integers(2, size=300))
    notes = Notes()
    read(TrainConfig(data=str(tmp_path / "again.npz")), notes).tell(notes)
    (note,) = notes.warnings
    assert note.endswith("of 60 test rows also stand in the training rows, with whatever label: the scores "
                         "flatter the model")  # fmt: skip
    assert int(note.split()[0]) > 50


def test_a_published_test_split_that_was_trained_on_is_told_of(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(40, 3)), np.arange(40) % 2
    np.savez(
        tmp_path / "split.npz", x_train=x, y_train=y, x_test=np.vstack([x[:7], x[:3] + 9]), y_test=y[:10]
    )
    notes = Notes()
    read(TrainConfig(data=str(tmp_path / "split.npz")), notes).tell(notes)
    assert notes.warnings[0].startswith("7 of 10 test rows also stand in the training rows")


def test_the_same_short_text_twice_is_told_of_and_two_of_unknown_words_are_not(tmp_path: Path) -> None:
    lines = [f"the {'good' if row % 2 else 'bad'} one,{row % 2},train" for row in range(20)]
    lines += ["unheard,0,train", "zzz,1,test", "the good one,1,test", "the bad one,0,test"]
    (tmp_path / "texts.csv").write_text("text,label,part\n" + "\n".join(lines) + "\n")
    notes = Notes()
    config = TrainConfig(data=str(tmp_path / "texts.csv"), label="label", text=("text",), split="part")
    read(config, notes).tell(notes)
    assert any(note.startswith("2 of 3 test rows also stand") for note in notes.warnings)


@pytest.mark.parametrize("kept", [slice(None), slice(1, None)], ids=["shuffled", "a row shorter"])
def test_evaluating_on_the_training_file_in_another_order_is_told_of(
    models: Path, tmp_path: Path, kept: slice
) -> None:
    data = read(TrainConfig(data="breast_cancer"), Silence()).data
    order = np.random.default_rng(1).permutation(len(data.x))[kept]
    np.savez(tmp_path / "shuffled.npz", x=data.x[order].astype(np.float64), y=data.y[order])
    bundle = ModelStore(models).open("breast_cancer")
    notes = Notes()
    rescore(bundle.folder, DataConfig(data=str(tmp_path / "shuffled.npz")), progress=notes)
    came = bundle.manifest.provenance
    seen = int(notes.warnings[0].split()[0])
    assert came.train_rows + came.validation_rows - 1 <= seen <= came.train_rows + came.validation_rows
    assert f"of {len(order)} test rows also stand in the training rows" in notes.warnings[0]


def test_a_bundle_knows_its_training_rows_in_eight_bytes_each(models: Path) -> None:
    bundle = ModelStore(models).open("breast_cancer")
    came, seen = bundle.manifest.provenance, bundle.training_rows()
    assert seen is not None
    assert len(seen) == came.train_rows + came.validation_rows
    assert bundle.manifest.training_rows is not None
    assert bundle.manifest.training_rows.bytes < 8 * len(seen) + 200
    assert overlap(fingerprints(bundle.test_set()[0]), seen) is None
