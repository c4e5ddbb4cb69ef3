from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bundle.manifest import GraphSpec
from bundle.runtimes import open_runtime
from tests.training.export.given import lay, made, save
from training.export.converter import check, find_batch
from training.export.makers import Source, make
from training.export.probe import Probe
from training.precisions import SAVED_MODEL
from training.runs.run import Published


@pytest.fixture(scope="module")
def float32(breast_cancer: Published) -> tuple[bytes, Probe]:
    """A graph, and what it should answer to which rows."""
    manifest, bundle = breast_cancer.bundle.manifest, breast_cancer.bundle
    raw = bundle.test_set()[0][:71]
    weights = manifest.provenance.hyperparameters["weights"]
    assert isinstance(weights, int)
    assert weights == (30 + 1) * 64 + (64 + 1) * 64 + 64 + 1
    rows = manifest.normalizer.build(30).apply(raw)
    return (
        bundle.read(bundle.variant("float32").files[0]),
        Probe(rows, rows, open_runtime(bundle, "tensorflow").predict(raw), weights),
    )


def test_a_graph_that_is_the_model_passes(float32: tuple[bytes, Probe]) -> None:
    content, probe = float32
    alone = check("float32", content, probe)
    assert np.abs(alone - probe.expected).max() < 1e-4
    assert find_batch("float32", content, probe, alone) == GraphSpec()


def test_a_graph_that_lost_its_weights_is_refused(float32: tuple[bytes, Probe]) -> None:
    content, probe = float32
    with pytest.raises(ValueError, match=r"weights need"):
        check("float32", content, replace(probe, weights=probe.weights * 1000))


@pytest.mark.parametrize("source", ["Keras", "the model"])
def test_a_graph_that_answers_otherwise_is_refused(source: str, float32: tuple[bytes, Probe]) -> None:
    content, probe = float32
    other = replace(probe, expected=np.roll(probe.expected, 1, axis=1), source=source)
    with pytest.raises(ValueError, match=f"away from {source}; 0.0001 is allowed"):
        check("float32", content, other)


def test_a_quantised_graph_that_tells_nothing_is_refused_and_one_that_errs_is_not(
    float32: tuple[bytes, Probe],
) -> None:
    content, probe = float32
    check("int8", content, replace(probe, expected=np.clip(probe.expected + 0.1, 0, 1)))
    with pytest.raises(ValueError, match="no nearer than a constant would be"):
        check("int8", content, replace(probe, expected=probe.expected[::-1]))


def test_answers_that_are_not_finite_are_refused(float32: tuple[bytes, Probe]) -> None:
    content, probe = float32
    with pytest.raises(ValueError, match="not finite"):
        check("int8", content, replace(probe, rows=np.full_like(probe.rows, np.nan)))


@pytest.mark.parametrize("precision", ["float32", "int8"])
@pytest.mark.parametrize(("network", "batch"), [("dense", "any"), ("reshaped", "one"), ("attentive", "one")])
def test_a_graph_is_tried_with_many_rows_and_where_that_fails_or_errs_it_gets_them_one_by_one(
    network: str, batch: str, precision: str, tmp_path: Path
) -> None:
    given, content = lay(network, tmp_path), made(network, precision)
    alone = check(precision, content, given.probe)
    assert find_batch(precision, content, given.probe, alone).batch == batch


def test_batches_are_tried_in_every_size_that_a_runtime_asks_with(tmp_path: Path) -> None:
    probe = save("crowded", tmp_path / SAVED_MODEL)
    content = make(Source(tmp_path, probe.calibration, shape=probe.shape), "float32")
    assert find_batch("float32", content, probe, check("float32", content, probe)).batch == "one"


def test_what_is_made_of_a_network_that_takes_one_row_takes_one_too(tmp_path: Path) -> None:
    given, content = lay("leaning", tmp_path), made("leaning", "int8")
    alone = check("int8", content, given.probe)
    assert find_batch("int8", content, replace(given.probe, batch="one"), alone).batch == "one"


def test_what_a_graph_answers_is_what_it_is_asked_for(tmp_path: Path) -> None:
    given = lay("logits", tmp_path)
    told = replace(given.probe, answers="logits")
    alone = check("float32", given.content, told)
    assert find_batch("float32", given.content, told, alone) == GraphSpec(answers="logits")
    with pytest.raises(ValueError, match="away from the model"):
        check("float32", given.content, given.probe)
