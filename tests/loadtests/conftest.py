"""Fake services, as processes, and programs run as a user runs them."""

from __future__ import annotations

import atexit
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from loadtests.experiment.rounds import intake
from loadtests.generator.process import Generator
from loadtests.rig.cores import bound_to
from loadtests.workload.order import Order
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]


class _Fakes:
    """The process that starts all fake services of a run of tests; it ends with us."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.loadtests.fake_service"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        atexit.register(self._process.communicate)

    def ask(self, what: list[str] | int) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer
        return answer


_fakes = cache(_Fakes)


@contextmanager
def fake_service(models: Path, *options: str) -> Iterator[str]:
    started = _fakes().ask([str(models), "digits", *options])
    try:
        yield f"http://127.0.0.1:{started['port']}"
    finally:
        _fakes().ask(started["pid"])


@pytest.fixture
def start_fake(models: Path) -> Iterator[Callable[..., str]]:
    """Start a fake service with some options; return its address. It is stopped after the test."""
    with ExitStack() as stack:
        yield lambda *options: stack.enter_context(fake_service(models, *options))


def counts_of(host: str) -> dict[str, int]:
    """Return what a fake service has counted: requests, and its own misdeeds."""
    counts: dict[str, int] = httpx.get(f"{host}/counts", timeout=PATIENCE_S).json()
    return counts


def plain_order(models: Path, host: str, **changes: Any) -> Order:
    """Return a second of two users who ask for a row at a time, but for the changes that are named."""
    plain: dict[str, Any] = {
        "host": host,
        "models": str(models),
        "model": "digits",
        "version": 1,
        "variant": "int8",
        "rows": 1,
        "scenario": "users",
        "users": 2,
        "think_s": 0.0,
        "warmup_s": 0.0,
        "duration_s": 1.0,
        "rate": 100.0,
        "seed": 1,
    }
    return Order(**(plain | changes))


@contextmanager
def signals_put_back() -> Iterator[None]:
    """Leave the signals of the test program as they were, whatever a program run inside it heeds."""
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = [(number, signal.getsignal(number)) for number in numbers]
    yield
    for number, handler in before:
        signal.signal(number, handler)


@pytest.fixture
def _signals_put_back() -> Iterator[None]:
    """Leave the signals as they were after a test."""
    with signals_put_back():
        yield


@contextmanager
def on_one_core() -> Iterator[None]:
    """Leave to what is started from here one core, and give back the others afterwards.

    There every turn counts of a load test that starts its services, however busy the machine is: no wait of
    the generator's is taken for a fault. Test processes that run at once take different cores.
    """
    cores = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else [0]
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    with bound_to(cores[number % len(cores)]):
        yield


@pytest.fixture
def one_core() -> Iterator[None]:
    """Have a test run on one core."""
    with on_one_core():
        yield


@pytest.fixture
def every_turn_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every turn count of the load tests that run in this process, however busy the machine is.

    Which turns do not count is told of figures that are made up, in `experiment.rounds.test_intake`.
    """
    monkeypatch.setattr(intake, "WAITED_MAX", math.inf)


@pytest.fixture(scope="session")
def generator_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("generator") / "log"


@pytest.fixture(scope="session")
def generator(generator_log: Path) -> Iterator[Generator]:
    """The load generator of all tests; one that has failed is another process afterwards."""
    with Generator(log=generator_log, core=None) as running:
        yield running


@pytest.fixture(scope="session")
def unused_address() -> str:
    """An address at which nobody answers: port 1 is not given out to anybody."""
    return "http://127.0.0.1:1"


def is_alive(process: psutil.Process) -> bool:
    """Tell whether it runs: one that has ended and that its new parent has not buried yet does not.

    Not by the function that this tests.
    """
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def children_of(process: psutil.Process) -> list[psutil.Process]:
    """Return the children of a process, once none of them is still the fork that will be another program."""
    own = process.cmdline()
    while any(is_alive(one) and one.cmdline() == own for one in process.children()):
        time.sleep(0.01)
    return process.children()


def run_module(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m MODULE ARGUMENTS` to its end, and return what it printed."""
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def certified(folder: Path) -> tuple[Path, Path]:
    """Make a certificate of localhost; return the file that a service needs, and the one to trust."""
    certificate, trusted = folder / "certificate.pem", folder / "trusted.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-keyout", str(certificate)),
            *("-out", str(trusted), "-days", "2"),
        ],
        check=True,
        capture_output=True,
    )
    certificate.write_text(certificate.read_text() + trusted.read_text())
    return certificate, trusted
