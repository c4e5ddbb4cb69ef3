"""The bare application answers what it was told to, whatever it is sent."""

from __future__ import annotations

from pathlib import Path

from benchmarks.load.request import OCTETS, Request
from benchmarks.subjects.server import bare
from loadtests.rig.cores import Cores


def test_bare_reads_any_body_and_answers_as_many_bytes_as_asked_for(bound: Cores, tmp_path: Path) -> None:
    with bare(123, log=tmp_path / "log", core=bound.server) as server:
        for size in (1, 500_000):
            assert len(Request("/predict?variant=int8", b"x" * size, OCTETS).send(server.host)) == 123
