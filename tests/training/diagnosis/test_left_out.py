"""A variant that an export had to leave out can be asked about all the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bundle.bundle import open_bundle
from tests.conftest import TrainAll
from training.cli.app import main
from training.config import TrainConfig
from training.diagnosis.left_out import explain_left_out


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory, train_once: TrainAll) -> Path:
    """A bundle of features whose tails leave their bulk no steps: int8 is as good as a constant."""
    random = np.random.default_rng(0)
    x = random.normal(size=(4000, 6))
    y = (x[:, 0] + x[:, 1] - x[:, 2] > 0).astype(np.int64)
    x[:, :3] = np.sinh(4 * x[:, :3])
    data = tmp_path_factory.mktemp("heavy") / "heavy.npz"
    np.savez(data, x=x, y=y)
    config = TrainConfig(
        data=str(data), variants=("int8", "dynamic_int8"), epochs=60, learning_rate=0.01, name="heavy"
    )
    return train_once("heavy", {"heavy": config}) / "heavy" / "1"


def test_the_bundle_keeps_why_with_the_usual_reason(heavy: Path) -> None:
    manifest = open_bundle(heavy).manifest
    assert [one.name for one in manifest.variants] == ["float32", "dynamic_int8"]
    assert list(manifest.left_out) == ["int8"]
    reason = manifest.left_out["int8"]
    assert "no nearer than a constant would be; heavy tails: feature " in reason
    assert "have less than 16 of the input's 256 steps" in reason


def test_diagnose_names_the_features_and_what_to_serve_instead(
    heavy: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["diagnose", str(heavy), "--variant", "int8"]) == 0
    said = capfd.readouterr().out
    assert said.startswith("int8 was left out when the bundle was made: the graph answers ")
    assert "Found:\n- heavy tails: feature " in said
    assert "Try:\n1. Serve `dynamic_int8`, which takes its ranges from each call" in said
    assert "take the logarithm of the features with heavy tails, or cap them" in said


def test_a_variant_that_is_there_or_that_nobody_asked_for_was_not_left_out(heavy: Path) -> None:
    assert explain_left_out(heavy, "dynamic_int8") is None
    assert explain_left_out(heavy, "int16x8") is None
