"""Every peer is asked in its own protocol, and pinned whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers import catalog
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


def test_every_package_of_every_peer_is_pinned_and_every_peer_has_its_file() -> None:
    folder = Path(catalog.__file__).parent
    for peer in PEERS:
        assert all("==" in package for package in peer.packages), peer.name
        assert (folder / f"{peer.name}.py").is_file()
    assert len(set(NAMES)) == len(NAMES) == 7
