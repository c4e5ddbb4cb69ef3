"""An example is an instance that the model takes, and no row of anybody's."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bundle.bundle import Bundle
from bundle.example import example
from bundle.manifest import NormalizerSpec
from bundle.runtimes import open_runtime
from bundle.store import ModelStore


@pytest.mark.parametrize("name", ["digits", "breast_cancer"])
def test_the_example_of_a_model_of_rows_lies_in_the_middle(models: Path, name: str) -> None:
    bundle = ModelStore(models).open(name)
    row = np.array([example(bundle.manifest)], np.float32)
    rows = bundle.test_set()[0]
    assert row.shape == (1, bundle.manifest.input.features)
    assert not (rows == row).all(axis=1).any()
    assert (rows.min() <= row).all()
    assert (row <= rows.max()).all()
    assert np.isfinite(open_runtime(bundle, "float32").predict(row)).all()


@pytest.mark.parametrize("name", ["loans", "codes"])
def test_the_example_of_a_model_of_objects_or_texts_can_be_encoded(field_models: Path, name: str) -> None:
    bundle = ModelStore(field_models).open(name)
    encoder = bundle.encoder()
    assert encoder is not None
    instance = example(bundle.manifest)
    assert instance not in (bundle.test_instances() or [])
    assert np.isfinite(encoder.encode([json.loads(json.dumps(instance))])).all()


def test_the_middle_of_a_range_is_half_of_it(digits: Bundle) -> None:
    spec = NormalizerSpec(method="minmax", offset=(2.0,), scale=(0.1,))
    manifest = digits.manifest.model_copy(update={"normalizer": spec, "example": None})
    assert example(manifest) == [7.0] * 64
