"""Peers do the same work as ours, are asked in their own protocol, and none is dropped in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkError, ProcessError
from benchmarks.measure.rounds import Samples
from benchmarks.measure.sample import Sample
from benchmarks.parts import peers
from benchmarks.peers import environment
from benchmarks.peers.catalog import PEERS
from benchmarks.peers.environment import python_with


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


EXPECTED = [[0.25, 0.75]]


def test_a_peer_may_answer_nothing_but_the_probabilities_that_ours_gives() -> None:
    peers.check(PEERS[0], b'{"probabilities": [[0.25, 0.75]]}', EXPECTED)
    with pytest.raises(ProcessError, match=r"it answers \[\[0.75, 0.25\]\]; ours is \[\[0.25, 0.75\]\]"):
        peers.check(PEERS[0], b'{"probabilities": [[0.75, 0.25]]}', EXPECTED)


@pytest.mark.parametrize("answer", [b'{"scores": [[0.25, 0.75]]}', b"[]", b"no JSON"])
def test_an_answer_without_probabilities_is_told_as_it_came(answer: bytes) -> None:
    with pytest.raises(ProcessError, match="which holds no probabilities: ") as error:
        peers.check(PEERS[0], answer, EXPECTED)
    assert str(error.value).startswith(f"it answers {answer!r}, ")


@pytest.mark.slow
def test_a_package_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "FOLDER", tmp_path)
    with pytest.raises(BenchmarkError, match=r"its environment could not be built: .*no-such-package"):
        python_with("tutorial", (str(tmp_path / "no-such-package"),))
