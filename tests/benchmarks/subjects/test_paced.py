"""The server that goes by the clock is as slow as it was told, one request after the other."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.load.request import json_request
from benchmarks.subjects.server import paced
from loadtests.rig.cores import Cores


def test_requests_that_come_at_once_are_answered_one_after_the_other(bound: Cores, tmp_path: Path) -> None:
    (tmp_path / "answer").write_bytes(b"{}")
    request = json_request("/predict", {})
    with paced(tmp_path / "answer", 50_000.0, log=tmp_path / "log", core=bound.server) as server:
        begun = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: request.send(server.host), range(8)))
        assert time.monotonic() - begun >= 8 * 0.05
    assert answers == [b"{}"] * 8
