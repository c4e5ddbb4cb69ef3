"""Peers do the same work as ours, are asked in their own protocol, and none is dropped in silence."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkError, ProcessError
from benchmarks.measure.rounds import Samples
from benchmarks.measure.sample import Sample
from benchmarks.parts import peers
from benchmarks.peers import environment
from benchmarks.peers.catalog import PEERS
from benchmarks.peers.environment import python_with
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


def test_a_peer_is_measured_in_turn_with_ours_and_one_that_cannot_be_run_is_named_with_the_reason(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The tutorial needs nothing that we do not: it runs here, and nothing is downloaded for it.
    monkeypatch.setattr(environment, "FOLDER", tmp_path / "environments")
    tutorial, litserve = PEERS[:2]
    _put_ours_into(tmp_path / "environments" / tutorial.name, tutorial.packages)
    (tmp_path / "environments" / litserve.name).write_text("no folder can be made here")
    result = Result("peers", "")
    peers.run(replace(plan, peers=(tutorial.name, litserve.name)), result)
    assert result.void == []
    (note,) = result.notes
    assert note.startswith(f"{litserve.title} could not be run: its environment could not be built: ")
    assert list(result.samples) == ["tutorial"]
    assert [len(samples) for samples in result.samples["tutorial"].values()] == [1, 1]
    assert result.figures[-1].name == "FastAPI, as tutorials (the best Python peer): ours / theirs"
    assert result.figures[-1].median > 0


def _put_ours_into(folder: Path, packages: Sequence[str]) -> None:
    """Make this very Python the environment of a peer."""
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    (folder / "requirements.txt").write_text("\n".join(packages) + "\n", encoding="utf-8")


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
    with pytest.raises(BenchmarkError, match="its environment could not be built: .*no-such-package"):
        python_with("tutorial", (str(tmp_path / "no-such-package"),))
