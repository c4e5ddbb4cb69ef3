"""What a run does about 4 bits, seen by the files that it publishes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bundle.normalizer import FloatArray
from bundle.runtimes import open_runtime
from tests.training.watchers import Notes
from training.config import TrainConfig
from training.export.worker import Worker
from training.runs.pipeline import train
from training.runs.run import Published

ROUNDED = {"data": "mnist1d", "hidden": (16,), "epochs": 4, "learning_rate": 0.01}

Train = Callable[..., tuple[Published, Notes]]


@pytest.fixture
def trained(tmp_path: Path, convert: Worker) -> Train:
    def trained(**options: Any) -> tuple[Published, Notes]:
        notes = Notes()
        config = TrainConfig.model_validate(ROUNDED | options)
        return train(config, tmp_path, progress=notes, convert=convert, timed=False), notes

    return trained


def answers(published: Published) -> dict[str, FloatArray]:
    """Return what each variant answers: the bytes of a graph differ by the names that Keras gives layers."""
    bundle = published.bundle
    x, _ = bundle.test_set()
    return {one.name: open_runtime(bundle, one.name).predict(x) for one in bundle.manifest.variants}


def files(published: Published) -> set[str]:
    folder = published.bundle.folder / "variants"
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_only_the_variant_of_4_bits_is_made_of_the_fine_tuned_copy_at_every_width(trained: Train) -> None:
    options = {"variants": ("dynamic_int8", "weight_int4"), "widths": (0.5, 1)}
    tuned, notes = trained(**options)
    plain, _ = trained(**options, fine_tune_epochs=0)
    stages = [stage for stage, _ in notes.stages]
    assert "fine-tuning 4 bits" in stages
    assert "fine-tuning 4 bits w0.5" in stages
    assert files(tuned) == files(plain)
    kept = tuned.bundle.manifest.provenance.hyperparameters["fine_tuned_epochs"]
    assert isinstance(kept, dict)
    assert set(kept) == {"0.5", "1"}
    assert {*kept.values()} <= {1, 2}
    assert plain.bundle.manifest.provenance.hyperparameters["fine_tuned_epochs"] == {}
    with_it, without = answers(tuned), answers(plain)
    other = {name for name in with_it if not np.array_equal(with_it[name], without[name])}
    assert other == {"weight_int4", "w0.5-weight_int4"}
    loss = [one.bundle.variant("w0.5-weight_int4").scores.log_loss for one in (tuned, plain)]
    assert loss[0] < loss[1]


def test_nothing_is_fine_tuned_where_nobody_wants_4_bits(trained: Train) -> None:
    _, notes = trained(variants=("float32",), epochs=1)
    assert not [stage for stage, _ in notes.stages if "fine-tuning" in stage]


def test_where_fine_tuning_does_not_help_the_plain_weights_are_rounded(trained: Train) -> None:
    # One epoch of SGD at a tenth of next to nothing moves no weight from one point of the grid to another.
    options = {"variants": ("weight_int4",), "epochs": 1, "optimizer": "sgd", "learning_rate": 1e-12}
    tuned, notes = trained(**options)
    assert "fine-tuning 4 bits" in [stage for stage, _ in notes.stages]
    assert tuned.bundle.manifest.provenance.hyperparameters["fine_tuned_epochs"] == {"1": 0}
    plain = answers(trained(**options, fine_tune_epochs=0)[0])
    assert np.array_equal(answers(tuned)["weight_int4"], plain["weight_int4"])
