"""Peers do the same work as ours."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.parts import peers
from benchmarks.peers.batches import BATCH
from benchmarks.peers.classifier import Classifier
from bundle.bundle import Bundle
from bundle.runtimes import open_runtime
from bundle.store import ModelStore


def classifier_of(bundle: Bundle, folder: Path) -> Classifier:
    description = folder / "description.json"
    description.write_text(json.dumps(peers.description(bundle)), encoding="utf-8")
    return Classifier(str(description))


@pytest.fixture
def classifier(bundle: Bundle, tmp_path: Path) -> Classifier:
    return classifier_of(bundle, tmp_path)


@pytest.mark.parametrize("count", [1, 20, BATCH, BATCH + 1])
def test_the_peers_classifier_gives_the_probabilities_of_our_runtime(
    count: int, classifier: Classifier, bundle: Bundle
) -> None:
    rows = bundle.test_set()[0][:count]
    labels, probabilities = classifier.predict(rows.tolist())
    expected = open_runtime(bundle, peers.VARIANT).predict(rows)
    assert np.array_equal(np.array(probabilities, np.float32), expected)
    assert labels == [bundle.manifest.labels[index] for index in expected.argmax(axis=1)]


def test_images_come_as_rows_of_features_as_to_ours(models: Path, tmp_path: Path) -> None:
    images = ModelStore(models).open("digits")
    rows = images.test_set()[0][:3]
    labels, probabilities = classifier_of(images, tmp_path).predict(rows.tolist())
    expected = open_runtime(images, peers.VARIANT).predict(rows)
    assert np.array_equal(np.array(probabilities, np.float32), expected)
    assert labels == [images.manifest.labels[index] for index in expected.argmax(axis=1)]


def test_requests_that_are_answered_by_one_call_get_their_own_rows_each(
    classifier: Classifier, bundle: Bundle
) -> None:
    rows = bundle.test_set()[0][:6].tolist()
    requests = [rows[:1], rows[1:4], rows[4:]]
    assert classifier.answers(requests) == [
        dict(zip(("predictions", "probabilities"), classifier.predict(request), strict=True))
        for request in requests
    ]
