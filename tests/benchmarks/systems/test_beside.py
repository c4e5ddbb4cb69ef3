"""Every server whose protocol the load tester speaks is named as it takes systems."""

from __future__ import annotations

import pytest

from benchmarks.peers.catalog import PEERS
from benchmarks.plan import Plan
from benchmarks.systems.beside import NAMES, beside, speaks, systems_of, systems_of_ours
from bundle.bundle import Bundle

HOST = "http://127.0.0.1:8000"


def test_ours_is_asked_in_every_protocol_and_the_first_is_what_others_are_compared_with() -> None:
    assert list(map(str, systems_of_ours(HOST, "digits"))) == [
        "ours=predict+http://127.0.0.1:8000/digits~int8",
        "ours-oip=oip+http://127.0.0.1:8000/digits~int8",
        "ours-oip-binary=oip+http://127.0.0.1:8000/digits~int8?binary",
        "ours-tfs=tfs+http://127.0.0.1:8000/digits~int8",
    ]


def test_peers_with_the_open_inference_protocol_are_asked_by_their_model() -> None:
    assert set(NAMES) == {"triton", "mlserver", "kserve"}
    found = {peer.name: list(map(str, systems_of(peer, HOST))) for peer in PEERS if speaks(peer)}
    assert found["kserve"] == ["kserve=oip+http://127.0.0.1:8000/classifier"]
    assert found["triton"][1] == "triton-binary=oip+http://127.0.0.1:8000/classifier?binary"


def test_a_peer_that_cannot_be_run_is_named_with_the_reason_and_the_others_stay(
    bundle: Bundle, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.peers.environment.FOLDER", plan.logs)
    (plan.logs / "kserve").write_text("no folder can be made here")
    with beside(bundle, Plan(**(vars(plan) | {"peers": ("kserve", "tutorial")}))) as found:
        assert len(found.systems) == 4
        assert list(found.left_out) == ["kserve"]
        assert found.left_out["kserve"].startswith("its environment could not be built: ")
        assert found.idle.keys() == {"ours"}
        assert 0 <= found.idle["ours"] <= 1
