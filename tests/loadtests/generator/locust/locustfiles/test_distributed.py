"""Locust's distributed mode: a master and two worker processes that share one open loop."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np

from loadtests.measure.samples import Samples
from loadtests.measure.summary import summarise_all
from loadtests.rig.ports import free_port
from loadtests.workload.arrivals import poisson
from tests.loadtests.conftest import ROOT

RATE, SECONDS = 80.0, 2.0


def _locust(*arguments: str) -> subprocess.Popen[str]:
    file = str(ROOT / "loadtests" / "locustfiles" / "arrivals.py")
    return subprocess.Popen(
        [sys.executable, "-m", "locust", "-f", file, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_two_workers_share_the_arrivals_and_no_sample_is_lost(
    models: Path, start_fake: Callable[..., str], tmp_path: Path
) -> None:
    host, port, file = start_fake("--wrong-every", "100"), str(free_port()), tmp_path / "s.npz"
    options = ("--models", str(models), "--model", "digits", "--variant", "int8", "--master-port", port)
    master = _locust(
        *("--master", "--master-bind-port", port, "--expect-workers", "2", "--headless", "--only-summary"),
        *("--host", host, *options[:-2], "--users", "2", "--spawn-rate", "2", "--run-time", "5s"),
        *("--rate", str(RATE), "--seed", "5", "--arrivals-for", str(SECONDS), "--samples-out", str(file)),
    )
    workers = [_locust("--worker", "--master-host", "127.0.0.1", *options) for _ in range(2)]
    try:
        printed, _ = master.communicate(timeout=90)
    finally:
        for one in (master, *workers):
            one.kill()
            one.communicate()
    assert master.returncode == 0, printed
    samples = Samples.load(file)
    did = httpx.get(f"{host}/counts").json()
    assert len(samples) == did["requests"] - 3, printed  # each process first asked whether it is served
    assert samples.ok.all()
    assert len(samples.wrong_row) == did["wrong"] == 1  # the 93rd: long after every process had asked
    drawn = [poisson(RATE, SECONDS, seed=5, part=part, parts=2) for part in range(2)]
    for part, moments in enumerate(drawn):
        scheduled = np.sort(samples.scheduled[samples.part == part])
        assert len(scheduled) == len(moments)
        np.testing.assert_allclose(scheduled - scheduled[0], moments - moments[0], atol=1e-9)
    assert not set(drawn[0].tolist()) & set(drawn[1].tolist())
    accuracy = summarise_all(samples).accuracy
    assert accuracy is not None
    assert f"{accuracy.value:.4f}" in printed
