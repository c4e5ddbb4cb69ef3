"""Fake services, as processes, and programs run as a user runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from loadtests.workload.order import Order
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]


@contextmanager
def fake_service(models: Path, *options: str) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.loadtests.fake_service", str(models), "digits", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


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


@pytest.fixture
def _signals_put_back() -> Iterator[None]:
    """Leave the signals of the test program as they were, whatever a program run inside it heeds."""
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = [(number, signal.getsignal(number)) for number in numbers]
    yield
    for number, handler in before:
        signal.signal(number, handler)


@pytest.fixture
def one_core() -> Iterator[None]:
    """Leave this process one core, and give it back the others afterwards."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


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


def until_it_counts(
    run: Callable[[], subprocess.CompletedProcess[str]], out: Path
) -> subprocess.CompletedProcess[str]:
    """Run a load test that reports into `out`, until turns of every load count; return how it ended.

    On a busy machine it may be that they do not, and that the report then says so is tested with fakes.
    """
    for _ in range(12):
        (out / "report.json").unlink(missing_ok=True)  # or that of a run before would hide a crash
        ended = run()
        if not (out / "report.json").exists():  # there is nothing to wait for
            break
        results = json.loads((out / "report.json").read_text())["results"]
        if all(any(block["turns"] for block in one["blocks"]) for one in results):
            break
    return ended


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
