"""A server is waited for until it is ready, and one that never will be tells why."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.errors import ProcessError
from benchmarks.subjects.server import bare, started
from loadtests.rig.cores import Cores
from loadtests.rig.ports import free_port


def test_a_server_that_is_ready_is_a_process_on_its_core_whose_memory_is_known(
    bound: Cores, tmp_path: Path
) -> None:
    with bare(1, log=tmp_path / "log", core=bound.server) as server:
        assert (server.process.resident_bytes() or 0) > 2**20
    assert server.process.resident_bytes() is None


def test_a_proxy_of_the_environment_is_no_reason_not_to_be_ready(
    unused_address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, unused_address)
    with bare(1, log=tmp_path / "log", core=None) as server:
        assert server.process.resident_bytes()


def test_a_server_that_ends_tells_why(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no such model')"]
    with (
        pytest.raises(ProcessError, match="ended with exit code 1:\nno such model"),
        started(command, port=free_port(), ready_path="/", log=tmp_path / "log", core=None),
    ):
        pytest.fail("it was ready")


def test_a_server_that_takes_too_long_is_not_waited_for(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo loading; exec sleep 1000"]  # which says so long before its time is over
    with (
        pytest.raises(ProcessError, match="was not ready within 0 s:\nloading"),
        started(command, port=free_port(), ready_path="/", log=tmp_path / "log", core=None, deadline_s=0.5),
    ):
        pytest.fail("it was ready")
