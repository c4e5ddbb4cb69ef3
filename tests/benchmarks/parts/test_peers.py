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
from benchmarks.peers.environment import FOLDER, python_with
from benchmarks.plan import Plan
from bundle.bundle import Bundle
from bundle.runtimes import open_runtime

ONE = Sample(1000, 1.0, 1.0, 1.0, server_s=0.1)
EXPECTED = [[[0.25, 0.75]], [[1.0, 0.0]]]


def against(name: str, times: float, *, spent: float = 0.5) -> Samples:
    """Return a round in which ours answered `times` as many requests as `name`, and spent a part on each."""
    count = int(1000 * times)
    return {"ours": [Sample(count, 1.0, 1.0, 1.0, server_s=1e-4 * spent * count)], name: [ONE]}


def test_the_aims_bind_triton_and_the_best_python_peer() -> None:
    contests = {
        "FastAPI": against("tutorial", 7),
        "BentoML": against("bentoml", 30),
        "Triton": against("triton", 2.5),
    }
    found = {figure.name: figure for figure in peers.figures(contests) if figure.aim is not None}
    assert {name: figure.is_met for name, figure in found.items()} == {
        "FastAPI, as tutorials (the best Python peer): requests/s, ours / theirs": False,
        "Triton, Python backend: requests/s, ours / theirs": True,
    }


def test_triton_alone_leaves_no_best_python_peer() -> None:
    found = peers.figures({"Triton": against("triton", 3)})
    assert [one.name for one in found if one.aim] == ["Triton, Python backend: requests/s, ours / theirs"]


@pytest.mark.parametrize(
    ("spent", "is_met"), [(0.89, (True, True)), (0.95, (True, False)), (1.1, (False, False))]
)
def test_in_one_run_processor_time_is_judged_against_bare_asgi_and_mosec(
    spent: float, is_met: tuple[bool, bool]
) -> None:
    samples = dict(against("bare", 2, spent=spent)) | {"mosec": [ONE], "ray": [ONE]}
    found = {figure.name: figure for figure in peers.figures({"all": samples})}
    ratios = {name: one for name, one in found.items() if name.endswith("processor time, ours / theirs")}
    assert [one.median for one in ratios.values()] == [pytest.approx(spent)] * 3
    assert [one.is_met for one in ratios.values()] == [*is_met, None]
    assert found["ours: requests/s"].median == 2000
    assert found["mosec: processor time a request, µs"].median == pytest.approx(100)


def test_a_peer_may_answer_nothing_but_the_probabilities_that_ours_gives() -> None:
    one, other = b'{"probabilities": [[0.25, 0.75]]}', b'{"probabilities": [[1.0, 0.0]]}'
    peers.check(PEERS[0], [one, other], EXPECTED)
    with pytest.raises(ProcessError, match=r"it answers \[\[1.0, 0.0\]\]; ours is \[\[0.25, 0.75\]\]"):
        peers.check(PEERS[0], [other, one], EXPECTED)


@pytest.mark.parametrize("answer", [b'{"scores": [[0.25, 0.75]]}', b"[]", b"no JSON"])
def test_an_answer_without_probabilities_is_told_as_it_came(answer: bytes) -> None:
    with pytest.raises(ProcessError, match="which holds no probabilities: ") as error:
        peers.check(PEERS[0], [answer], EXPECTED[:1])
    assert str(error.value).startswith(f"it answers {answer!r}, ")


@pytest.mark.slow
@pytest.mark.parametrize("name", [peer.name for peer in PEERS])
def test_every_peer_whose_environment_is_built_answers_as_ours_does(
    name: str, plan: Plan, bundle: Bundle
) -> None:
    peer = next(peer for peer in PEERS if peer.name == name)
    if not (FOLDER / peer.program / "requirements.txt").is_file():
        pytest.skip("make bench builds its environment")
    rows = bundle.test_set()[0][: peers.CONNECTIONS]
    expected = [[row.tolist()] for row in open_runtime(bundle, peers.VARIANT).predict(rows)]
    with peers.running(peer, peers.Field(plan, bundle, rows, expected)) as server:
        assert server.process.processor_s() > 0


@pytest.mark.slow
def test_a_package_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "FOLDER", tmp_path)
    with pytest.raises(BenchmarkError, match=r"its environment could not be built: .*no-such-package"):
        python_with("tutorial", (str(tmp_path / "no-such-package"),))
