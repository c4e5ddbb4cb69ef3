from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bundle.runtimes import open_runtime
from training.export.converter import check
from training.runs.run import Published


@pytest.fixture(scope="module")
def float32(breast_cancer: Published) -> tuple[bytes, Any, Any, int]:
    """A graph, normalised rows, what it should answer to them, and how many weights it has."""
    manifest, bundle = breast_cancer.bundle.manifest, breast_cancer.bundle
    raw = bundle.test_set()[0][:71]
    weights = manifest.provenance.hyperparameters["weights"]
    assert isinstance(weights, int)
    assert weights == (30 + 1) * 64 + (64 + 1) * 64 + 64 + 1
    return (
        bundle.read(bundle.variant("float32").files[0]),
        manifest.normalizer.build(30).apply(raw),
        open_runtime(bundle, "tensorflow").predict(raw),
        weights,
    )


def test_a_graph_that_is_the_model_passes(float32: tuple[bytes, Any, Any, int]) -> None:
    content, x, expected, weights = float32
    check("float32", content, x, expected, weights)


def test_a_graph_that_lost_its_weights_is_refused(float32: tuple[bytes, Any, Any, int]) -> None:
    content, x, expected, weights = float32
    with pytest.raises(ValueError, match=r"weights need"):
        check("float32", content, x, expected, weights * 1000)


def test_a_graph_that_answers_otherwise_is_refused(float32: tuple[bytes, Any, Any, int]) -> None:
    content, x, expected, weights = float32
    with pytest.raises(ValueError, match="away from Keras"):
        check("float32", content, x, np.roll(expected, 1, axis=1), weights)


def test_a_quantised_graph_that_tells_nothing_is_refused_and_one_that_errs_is_not(
    float32: tuple[bytes, Any, Any, int],
) -> None:
    content, x, expected, weights = float32
    check("int8", content, x, np.clip(expected + 0.1, 0, 1), weights)
    with pytest.raises(ValueError, match="no nearer than a constant would be"):
        check("int8", content, x, expected[::-1], weights)


def test_answers_that_are_not_finite_are_refused(float32: tuple[bytes, Any, Any, int]) -> None:
    content, x, expected, weights = float32
    with pytest.raises(ValueError, match="not finite"):
        check("int8", content, np.full_like(x, np.nan), expected, weights)
