"""Locust's distributed mode: a master and two worker processes that share one open loop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest

from loadtests.measure.samples import Samples
from loadtests.measure.summary import summarise_all
from loadtests.rig.ports import free_port
from loadtests.workload.arrivals import poisson
from tests.loadtests.conftest import ROOT, counts_of, is_alive
from tests.patience import PATIENCE_S, wait_until

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


@dataclass(frozen=True)
class _Run:
    host: str
    file: Path
    code: int | None
    printed: str

    @property
    def is_whole(self) -> bool:
        """Tell whether no worker was so long without a core that Locust gave it up, after some seconds."""
        return "failed to send heartbeat" not in self.printed


def _run(host: str, models: Path, file: Path, expected: int, *, by_hand: bool) -> _Run:
    """Send the whole schedule.

    By hand, the run time ends it, which is ample. Otherwise it is told to end when all has arrived: a worker
    may begin late.
    """
    port = str(free_port())
    what = ("--models", str(models), "--model", "digits", "--variant", "int8", "--master-port", port)
    how = ("--master", "--expect-workers", "2") if by_hand else ("--processes", "2")
    master = _locust(
        *(*how, "--master-bind-port", port, "--headless", "--only-summary", "--host", host, *what),
        *("--users", "2", "--spawn-rate", "2", "--stop-timeout", "10", "--samples-out", str(file)),
        *("--rate", str(RATE), "--seed", "5", "--arrivals-for", str(SECONDS)),
        *(("--run-time", "20s") if by_hand else ()),
    )
    worker = ("--worker", "--master-host", "127.0.0.1", *what)
    workers = [_locust(*worker) for _ in range(2)] if by_hand else []
    try:
        with suppress(AssertionError):  # what was printed says more
            wait_until(lambda: counts_of(host)["requests"] >= expected or master.poll() is not None)
        if not by_hand:
            master.terminate()
        printed, _ = master.communicate(timeout=PATIENCE_S)
    finally:
        for one in (master, *workers):
            with suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)  # and what it has forked, which holds its output open
            one.communicate()
    return _Run(host, file, master.returncode, printed)


@pytest.mark.parametrize(
    "by_hand", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["by the master", "by hand"]
)
def test_two_workers_share_the_arrivals_and_no_sample_is_lost(
    by_hand: bool, models: Path, start_fake: Callable[..., str], tmp_path: Path
) -> None:
    drawn = [poisson(RATE, SECONDS, seed=5, part=part, parts=2) for part in range(2)]
    expected = sum(map(len, drawn)) + 3  # each process first asks whether it is served
    for attempt in range(3):
        host, file = start_fake("--wrong-every", "100"), tmp_path / f"{attempt}.npz"
        run = _run(host, models, file, expected, by_hand=by_hand)
        if run.is_whole:
            break
    assert run.code == 0, run.printed
    assert "no samples came from" not in run.printed  # of which the exit code of a SIGTERM does not tell
    samples = Samples.load(run.file)
    did = counts_of(run.host)
    assert did["requests"] == expected, run.printed
    assert len(samples) == expected - 3, run.printed
    assert samples.ok.all()
    assert len(samples.wrong_row) == did["wrong"] == 1  # the 93rd: long after every process had asked
    for part, moments in enumerate(drawn):
        scheduled = np.sort(samples.scheduled[samples.part == part])
        assert len(scheduled) == len(moments)
        np.testing.assert_allclose(scheduled - scheduled[0], moments - moments[0], atol=1e-9)
    assert not set(drawn[0].tolist()) & set(drawn[1].tolist())
    accuracy = summarise_all(samples).accuracy
    assert accuracy is not None
    assert f"{accuracy.value:.4f}" in run.printed


def test_the_workers_of_a_master_that_is_killed_end_as_well(
    models: Path, start_fake: Callable[..., str]
) -> None:
    host, port = start_fake(), str(free_port())
    master = _locust(
        *("--processes", "2", "--headless", "--host", host, "--users", "2", "--spawn-rate", "2"),
        *("--master-port", port, "--master-bind-port", port, "--rate", "50", "--arrivals-for", "600"),
        *("--models", str(models), "--model", "digits", "--variant", "int8"),
    )
    try:
        wait_until(lambda: counts_of(host)["requests"] >= 10)
        workers = psutil.Process(master.pid).children()
        assert len(workers) == 2
        master.kill()
        psutil.wait_procs(workers, timeout=PATIENCE_S)
        assert not any(map(is_alive, workers))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(master.pid, signal.SIGKILL)
        printed, _ = master.communicate()
    # And not because Locust itself saw it, after a minute.
    assert printed.count("the process that has started this worker is gone") == 2
