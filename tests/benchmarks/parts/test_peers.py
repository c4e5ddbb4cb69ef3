"""Peers do the same work as ours, are asked in their own protocol, and none is dropped in silence."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.measure.rounds import Samples
from benchmarks.measure.sample import Sample
from benchmarks.parts import peers
from benchmarks.peers import environment
from benchmarks.peers.catalog import PEERS, Rows
from benchmarks.plan import Plan
from benchmarks.report.result import Result


def against(name: str, times: float) -> Samples:
    """Return a round in which ours answered `times` as many requests as `name`."""
    return {"ours": [Sample(int(1000 * times), 1.0, 1.0, 1.0)], name: [Sample(1000, 1.0, 1.0, 1.0)]}


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


def test_a_peer_is_asked_once_and_then_measured_in_turn_with_ours(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The tutorial needs nothing that we do not: it runs here, and nothing is downloaded for it.
    monkeypatch.setattr(peers, "python_with", lambda *_: Path(sys.executable))
    result = Result("peers", "")
    peers.run(plan, result)
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
    plan: Plan,
    monkeypatch: pytest.MonkeyPatch,
    probabilities: Callable[[Any], Rows],
    told: str,
) -> None:
    monkeypatch.setattr(peers, "python_with", lambda *_: Path(sys.executable))
    monkeypatch.setattr(peers, "PEERS", (replace(PEERS[0], probabilities=probabilities),))
    result = Result("peers", "")
    peers.run(plan, result)
    assert len(result.notes) == 1
    assert told in result.notes[0]
    assert result.samples == {}


def test_a_peer_whose_environment_cannot_be_built_is_named_with_the_reason(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "FOLDER", tmp_path / "environments")
    lost = replace(PEERS[0], packages=(str(tmp_path / "no-such-package"),))
    monkeypatch.setattr(peers, "PEERS", (lost,))
    result = Result("peers", "")
    peers.run(plan, result)
    assert len(result.notes) == 1
    assert result.notes[0].startswith("FastAPI, as tutorials could not be run: its environment")
    assert "no-such-package" in result.notes[0]
    assert result.figures == []
