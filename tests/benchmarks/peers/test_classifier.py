"""Peers do the same work as ours."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from benchmarks.parts import peers
from benchmarks.peers.classifier import Classifier
from bundle.bundle import Bundle
from bundle.runtimes import open_runtime


def test_the_peers_classifier_gives_the_probabilities_of_our_runtime(bundle: Bundle, tmp_path: Path) -> None:
    description = tmp_path / "description.json"
    description.write_text(json.dumps(peers.description(bundle)), encoding="utf-8")
    rows = bundle.test_set()[0][:20]
    labels, probabilities = Classifier(str(description)).predict(rows.tolist())
    expected = open_runtime(bundle, peers.VARIANT).predict(rows)
    assert np.array_equal(np.array(probabilities, np.float32), expected)
    assert labels == [bundle.manifest.labels[index] for index in expected.argmax(axis=1)]
