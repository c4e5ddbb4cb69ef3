"""Every peer is asked in its own protocol, says whether it batches, and is pinned whole."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers import catalog
from benchmarks.peers.batches import BATCH
from benchmarks.peers.catalog import NAMES, PEERS

ROWS = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


@pytest.mark.parametrize("name", ["mlserver", "kserve", "triton"])
def test_the_v2_protocol_carries_the_same_rows(name: str) -> None:
    peer = next(peer for peer in PEERS if peer.name == name)
    [tensor] = peer.body(ROWS)["inputs"]
    assert np.array_equal(np.reshape(tensor["data"], tensor["shape"]), ROWS)
    labels = {"name": "predictions", "shape": [2, 1], "data": ["a", "b"]}
    output = {"name": "probabilities", "shape": [2, 2], "data": [0.1, 0.9, 0.8, 0.2]}
    assert peer.probabilities({"outputs": [labels, output]}) == [[0.1, 0.9], [0.8, 0.2]]


def test_every_environment_is_pinned_whole_with_the_packages_that_are_named() -> None:
    folder = Path(catalog.__file__).parent
    for peer in PEERS:
        pins = peer.pins()
        assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins), peer.name
        assert {re.sub(r"\[.*\]", "", package) for package in peer.packages} <= set(pins), peer.name
        assert (folder / f"{peer.program}.py").is_file()
    assert {path.stem for path in (folder / "pins").iterdir()} == {peer.program for peer in PEERS}
    assert len(set(NAMES)) == len(NAMES) == 9


def test_every_peer_says_whether_it_batches_and_two_have_no_batches_to_offer() -> None:
    unbatched = [peer.name for peer in PEERS if not peer.batches.startswith(f"up to {BATCH} requests a call")]
    assert unbatched == ["tutorial", "kserve"]


def test_ray_is_there_with_both_of_its_proxies_in_one_environment() -> None:
    own, haproxy = (peer for peer in PEERS if peer.program == "ray")
    assert dict(haproxy.environment).items() > dict(own.environment).items()
    assert haproxy.environment["RAY_SERVE_ENABLE_HA_PROXY"] == "1"
    assert own.pins() == haproxy.pins()
