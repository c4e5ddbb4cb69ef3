"""Tests of what `--grpc-port` needs."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from service.rpc.door import DoorError, opened

_HOST = "127.0.0.1"


def test_a_free_port_is_left_to_the_only_worker() -> None:
    with opened(_HOST, 0, workers=1) as port:
        assert port == 0


def test_several_workers_get_one_port_which_is_kept_for_them() -> None:
    with opened(_HOST, 0, workers=2) as port:
        assert port
        with pytest.raises(OSError, match="in use"), socket.socket() as other:
            other.bind((_HOST, port))
        for _ in range(2):
            with socket.socket() as worker:
                worker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                worker.bind((_HOST, port))
    with socket.socket() as other:
        other.bind((_HOST, port))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_port_that_is_taken_is_refused_though_its_owner_would_share_it(workers: int) -> None:
    with socket.socket() as owner:
        owner.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        owner.bind((_HOST, 0))
        owner.listen()
        port = owner.getsockname()[1]
        with pytest.raises(DoorError, match=f"--grpc-port is {port}, .* in use"):
            opened(_HOST, port, workers=workers).__enter__()


def test_the_program_ends_with_a_sentence_where_the_port_is_taken(models: Path) -> None:
    with socket.socket() as owner:
        owner.bind((_HOST, 0))
        owner.listen()
        port = owner.getsockname()[1]
        done = _program("-m", "service", "--models", str(models), "--port", "0", "--grpc-port", str(port))
    assert done.returncode == 2
    assert f"error: --grpc-port is {port}, and {_HOST} does not give it: " in done.stderr


def test_the_program_ends_with_a_sentence_where_both_ports_are_one(models: Path) -> None:
    done = _program("-m", "service", "--models", str(models), "--port", "8765", "--grpc-port", "8765")
    assert done.returncode == 2
    assert done.stderr == "error: --grpc-port is 8765, and so is --port; they must be two\n"


@pytest.mark.parametrize("package", ["grpc", "google"])
def test_the_program_ends_with_a_sentence_where_the_extra_is_missing(models: Path, package: str) -> None:
    # As if it were not installed: nobody finds it.
    without = (
        "import sys, runpy\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name.partition('.')[0] == {package!r}: raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "runpy.run_module('service', run_name='__main__', alter_sys=True)\n"
    )
    done = _program("-c", without, "--models", str(models), "--port", "0", "--grpc-port", "0")
    assert done.returncode == 2
    assert done.stderr == (
        "error: --grpc-port needs what the extra `grpc` brings: pip install 'precision-ladder[grpc]'\n"
    )


def _program(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
