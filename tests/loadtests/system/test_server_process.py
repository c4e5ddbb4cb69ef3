from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from bundle.bundle import Bundle
from bundle.store import ModelStore
from loadtests.errors import ServiceError
from loadtests.rig.cores import choose
from loadtests.rig.occupation import SCRATCH
from loadtests.system.client import ServiceClient
from loadtests.system.server_process import Server, started
from tests.loadtests.conftest import is_alive


@pytest.fixture
def digits(models: Path) -> Bundle:
    return ModelStore(models).open("digits")


def _service_processes() -> set[psutil.Process]:
    return {child for child in psutil.Process().children(recursive=True) if "service" in child.cmdline()}


@dataclass(frozen=True)
class Seen:
    """A service that has ended, and what was seen of it while it ran."""

    server: Server
    folder: Path
    processes: set[psutil.Process]
    pids: set[int]
    cores: list[list[int]]
    resident_bytes: int
    was_ready: bool
    scratch: int

    @property
    def told(self) -> str:
        return (self.folder / "log").read_text()


@pytest.fixture(scope="module")
def seen(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder, digits = tmp_path_factory.mktemp("service"), ModelStore(models).open("digits")
    before = _service_processes()  # those of other tests
    with started(digits, "int8", log=folder / "log", core=choose().server) as server:
        with ServiceClient(server.host) as client:
            was_ready = client.is_ready()
        processes = _service_processes() - before
        return Seen(
            server,
            folder,
            processes,
            pids=set(server.pids()),
            cores=[one.cpu_affinity() for one in processes] if sys.platform == "linux" else [],
            resident_bytes=server.resident_bytes() or 0,
            was_ready=was_ready,
            scratch=len(list(folder.glob(f"{SCRATCH}*"))),
        )


def test_the_service_is_ready_while_it_is_needed_and_gone_afterwards(seen: Seen) -> None:
    core = choose().server
    assert seen.was_ready
    assert seen.processes
    assert seen.pids == {process.pid for process in seen.processes}
    assert seen.resident_bytes > 10_000_000
    if core is not None:
        assert all(cores == list(core) for cores in seen.cores)
    assert not any(map(is_alive, seen.processes))
    with ServiceClient(seen.server.host) as client:
        assert not client.is_ready()
    assert (seen.server.resident_bytes(), seen.server.pids()) == (None, ())


def test_the_service_knows_of_nothing_but_what_is_measured_and_ends_without_delay(
    seen: Seen, models: Path
) -> None:
    assert len(ModelStore(models).models()) > 1
    assert seen.scratch == 1
    assert re.findall(r"(\S+) serves", seen.told) == ["digits/1"]
    assert re.findall(r"loaded (\S+ \S+)", seen.told) == ["digits/1 int8"]
    assert "stopping in 0 s" in seen.told
    assert list(seen.folder.iterdir()) == [seen.folder / "log"]


def test_of_several_workers_every_one_is_ready_and_counted(digits: Bundle, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with started(digits, "int8", log=log, core=None, workers=2) as server:
        assert log.read_text().count("digits/1 serves") == 2
        supervisor, *workers = (psutil.Process(pid) for pid in server.pids())
        assert len([worker for worker in workers if worker.ppid() == supervisor.pid]) >= 2
        with ServiceClient(server.host) as client:
            assert client.ready_workers() == 2


def test_a_service_that_ends_at_once_is_reported_with_its_log(
    digits: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRECISION_LADDER__THREADS", "none")
    with (
        pytest.raises(ServiceError, match=r"ended with exit code \d+; .*log ends:\n.*\S") as caught,
        started(digits, "int8", log=tmp_path / "log", core=None),
    ):
        pytest.fail("it must not become ready")
    assert (tmp_path / "log").read_text().splitlines()[-1] in str(caught.value)


def test_a_service_that_is_not_ready_in_time_is_stopped(digits: Bundle, tmp_path: Path) -> None:
    before = _service_processes()
    with (
        pytest.raises(ServiceError, match="not ready within 0 s"),
        started(digits, "int8", log=tmp_path / "log", core=None, deadline_s=0),
    ):
        pytest.fail("it must not become ready")
    assert _service_processes() <= before
