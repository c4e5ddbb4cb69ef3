from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from loadtests.errors import ServiceError
from loadtests.rig.cores import choose
from loadtests.system.client import ServiceClient
from loadtests.system.server_process import started
from tests.loadtests.conftest import is_alive


def _service_processes() -> set[psutil.Process]:
    return {child for child in psutil.Process().children(recursive=True) if "service" in child.cmdline()}


def test_the_service_is_ready_while_it_is_needed_and_gone_afterwards(models: Path, tmp_path: Path) -> None:
    core = choose().server
    before = _service_processes()  # those of other tests
    with started(models, "int8", log=tmp_path / "log", core=core) as server:
        with ServiceClient(server.host) as client:
            assert client.is_ready()
        processes = _service_processes() - before
        assert processes
        assert (server.resident_bytes() or 0) > 10_000_000
        if core is not None:
            assert all(process.cpu_affinity() == [core] for process in processes)
    assert not any(map(is_alive, processes))
    with ServiceClient(server.host) as client:
        assert not client.is_ready()
    assert server.resident_bytes() is None


def test_a_service_that_ends_at_once_is_reported_with_its_log(tmp_path: Path) -> None:
    with (
        pytest.raises(ServiceError, match=r"ended with exit code \d+; .*log ends:\n.*\S") as caught,
        started(tmp_path / "nothing", "int8", log=tmp_path / "log", core=None),
    ):
        pytest.fail("it must not become ready")
    assert (tmp_path / "log").read_text().splitlines()[-1] in str(caught.value)


def test_a_service_that_is_not_ready_in_time_is_stopped(models: Path, tmp_path: Path) -> None:
    before = _service_processes()
    with (
        pytest.raises(ServiceError, match="not ready within 0 s"),
        started(models, "int8", log=tmp_path / "log", core=None, deadline_s=0),
    ):
        pytest.fail("it must not become ready")
    assert _service_processes() <= before
