"""Locust's distributed mode: a master and two worker processes that share one open loop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
import numpy as np
import pytest

from loadtests.measure.samples import Samples
from loadtests.measure.summary import summarise_all
from loadtests.rig.ports import free_port
from loadtests.workload.arrivals import poisson
from tests.loadtests.conftest import ROOT

RATE, SECONDS = 80.0, 2.0


def _locust(*arguments: str) -> subprocess.Popen[str]:
    file = str(ROOT / "loadtests" / "generator" / "locust" / "locustfiles" / "arrivals.py")
    return subprocess.Popen(
        [sys.executable, "-m", "locust", "-f", file, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _wait_for_requests(host: str, number: int, sender: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 90
    while httpx.get(f"{host}/counts").json()["requests"] < number:
        assert sender.poll() is None, sender.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    "by_hand", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["by the master", "by hand"]
)
def test_two_workers_share_the_arrivals_and_no_sample_is_lost(
    by_hand: bool, models: Path, start_fake: Callable[..., str], tmp_path: Path
) -> None:
    host, port, file = start_fake("--wrong-every", "100"), str(free_port()), tmp_path / "s.npz"
    what = ("--models", str(models), "--model", "digits", "--variant", "int8", "--master-port", port)
    how = ("--master", "--expect-workers", "2") if by_hand else ("--processes", "2")
    master = _locust(
        *(*how, "--master-bind-port", port, "--headless", "--only-summary", "--host", host, *what),
        *("--users", "2", "--spawn-rate", "2", "--samples-out", str(file)),
        *("--rate", str(RATE), "--seed", "5", "--arrivals-for", str(SECONDS)),
    )
    worker = ("--worker", "--master-host", "127.0.0.1", *what)
    workers = [_locust(*worker) for _ in range(2)] if by_hand else []
    drawn = [poisson(RATE, SECONDS, seed=5, part=part, parts=2) for part in range(2)]
    expected = sum(map(len, drawn)) + 3  # each process first asks whether it is served
    try:
        _wait_for_requests(host, expected, master)  # no run time: a worker may begin late on a busy machine
        master.terminate()
        printed, _ = master.communicate(timeout=90)
    finally:
        for one in (master, *workers):
            with suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)  # and what it has forked, which holds its output open
            one.communicate()
    assert master.returncode == 0, printed
    samples = Samples.load(file)
    did = httpx.get(f"{host}/counts").json()
    assert did["requests"] == expected, printed
    assert len(samples) == expected - 3, printed
    assert samples.ok.all()
    assert len(samples.wrong_row) == did["wrong"] == 1  # the 93rd: long after every process had asked
    for part, moments in enumerate(drawn):
        scheduled = np.sort(samples.scheduled[samples.part == part])
        assert len(scheduled) == len(moments)
        np.testing.assert_allclose(scheduled - scheduled[0], moments - moments[0], atol=1e-9)
    assert not set(drawn[0].tolist()) & set(drawn[1].tolist())
    accuracy = summarise_all(samples).accuracy
    assert accuracy is not None
    assert f"{accuracy.value:.4f}" in printed
