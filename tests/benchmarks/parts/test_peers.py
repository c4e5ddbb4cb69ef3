"""Peers do the same work as ours, are asked in their own protocol, and none is dropped in silence."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.cores import Cores
from benchmarks.errors import BenchmarkError
from benchmarks.measure.rounds import Samples
from benchmarks.measure.sample import Sample
from benchmarks.parts import peers
from benchmarks.peers import environment
from benchmarks.peers.catalog import NAMES, PEERS, Rows
from benchmarks.peers.classifier import Classifier
from benchmarks.peers.environment import python_with
from benchmarks.plan import Plan
from benchmarks.report.result import Result
from benchmarks.subjects.models import SMALL, Models
from bundle.runtimes import open_runtime
from bundle.store import Bundle

ROWS = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


def against(name: str, times: float) -> Samples:
    """Return a round in which ours answered `times` as many requests as `name`."""
    return {"ours": [Sample(int(1000 * times), 1.0, 1.0, 1.0)], name: [Sample(1000, 1.0, 1.0, 1.0)]}


def test_the_peers_classifier_gives_the_probabilities_of_our_runtime(bundle: Bundle, tmp_path: Path) -> None:
    description = tmp_path / "description.json"
    description.write_text(json.dumps(peers.description(bundle)), encoding="utf-8")
    rows = bundle.test_set()[0][:20]
    labels, probabilities = Classifier(str(description)).predict(rows.tolist())
    expected = open_runtime(bundle, peers.VARIANT).predict(rows)
    assert np.array_equal(np.array(probabilities, np.float32), expected)
    assert labels == [bundle.manifest.labels[index] for index in expected.argmax(axis=1)]


@pytest.mark.parametrize("name", ["mlserver", "triton"])
def test_the_v2_protocol_carries_the_same_rows(name: str) -> None:
    peer = next(peer for peer in PEERS if peer.name == name)
    [tensor] = peer.body(ROWS)["inputs"]
    assert np.array_equal(np.reshape(tensor["data"], tensor["shape"]), ROWS)
    labels = {"name": "predictions", "shape": [2, 1], "data": ["a", "b"]}
    output = {"name": "probabilities", "shape": [2, 2], "data": [0.1, 0.9, 0.8, 0.2]}
    assert peer.probabilities({"outputs": [labels, output]}) == [[0.1, 0.9], [0.8, 0.2]]


def test_every_package_of_every_peer_is_pinned_and_every_peer_has_its_file() -> None:
    folder = Path(peers.__file__).parents[1] / "peers"
    for peer in PEERS:
        assert all("==" in package for package in peer.packages), peer.name
        assert (folder / f"{peer.name}.py").is_file()
    assert len(set(NAMES)) == len(NAMES) == 6


def test_the_aims_bind_triton_and_the_best_python_peer() -> None:
    samples = {
        "tutorial": against("tutorial", 7),
        "bentoml": against("bentoml", 30),
        "triton": against("triton", 2.5),
    }
    found = {figure.name: figure for figure in peers.figures(samples) if figure.aim is not None}
    assert {name: figure.is_met for name, figure in found.items()} == {
        "FastAPI, as tutorials (the best Python peer): ours / theirs": False,
        "Triton, Python backend: ours / theirs": True,
    }


def test_triton_alone_leaves_no_best_python_peer() -> None:
    found = peers.figures({"triton": against("triton", 3)})
    assert [figure.name for figure in found if figure.aim] == ["Triton, Python backend: ours / theirs"]


def test_an_environment_with_the_same_pins_is_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "FOLDER", tmp_path)
    (tmp_path / "peer").mkdir()
    (tmp_path / "peer" / "requirements.txt").write_text("a==1\nb==2\n", encoding="utf-8")
    assert python_with("peer", ("a==1", "b==2")) == tmp_path / "peer" / "bin" / "python"


@pytest.mark.usefixtures("_wrk")
def test_a_peer_is_asked_once_and_then_measured_in_turn_with_ours(
    models: Path, two_cores: Cores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The tutorial needs nothing that we do not: it runs here, and nothing is downloaded for it.
    monkeypatch.setattr(peers, "python_with", lambda *_: Path(sys.executable))
    result = Result("peers", "")
    peers.run(Plan(Models(models), 1, 1, two_cores, tmp_path, lambda _: None, ("tutorial",)), result)
    assert (result.notes, result.void) == ([], [])
    assert [len(samples) for samples in result.samples["tutorial"].values()] == [1, 1]
    assert result.figures[-1].name == "FastAPI, as tutorials (the best Python peer): ours / theirs"
    assert result.figures[-1].median > 0


@pytest.mark.parametrize(
    ("probabilities", "told"),
    [
        (lambda answer: [row[::-1] for row in answer["probabilities"]], "ours is [["),
        (lambda answer: answer["scores"], "holds no probabilities: KeyError('scores')"),
    ],
)
def test_a_peer_that_answers_something_else_is_named_with_what_it_said(
    models: Path,
    two_cores: Cores,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    probabilities: Callable[[Any], Rows],
    told: str,
) -> None:
    monkeypatch.setattr(peers, "python_with", lambda *_: Path(sys.executable))
    monkeypatch.setattr(peers, "PEERS", (replace(PEERS[0], probabilities=probabilities),))
    result = Result("peers", "")
    peers.run(Plan(Models(models), 1, 1, two_cores, tmp_path, lambda _: None, ("tutorial",)), result)
    assert len(result.notes) == 1
    assert told in result.notes[0]
    assert result.samples == {}


def test_a_peer_whose_environment_cannot_be_built_is_named_with_the_reason(
    models: Path, two_cores: Cores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "FOLDER", tmp_path / "environments")
    lost = replace(PEERS[0], packages=(str(tmp_path / "no-such-package"),))
    monkeypatch.setattr(peers, "PEERS", (lost,))
    result = Result("peers", "")
    plan = Plan(Models(models), 1, 1, two_cores, tmp_path, lambda _: None, (lost.name,))
    peers.run(plan, result)
    assert len(result.notes) == 1
    assert result.notes[0].startswith("FastAPI, as tutorials could not be run: its environment")
    assert "no-such-package" in result.notes[0]
    assert result.figures == []


def test_a_model_that_is_missing_and_cannot_be_made_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.subjects.models.find_spec", lambda _: None)
    with pytest.raises(BenchmarkError, match="no model 'breast_cancer'"):
        Models(tmp_path).bundle(SMALL, lambda _: None)
