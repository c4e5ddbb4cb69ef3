"""Runs of the real service, compared: the same twice, and one that is slower by a known share."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from loadtests.rig.child import Child, program
from loadtests.rig.cores import choose, usable
from loadtests.rig.ports import free_port
from loadtests.system.server_process import Server
from tests.loadtests.conftest import run_module

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(usable() < 2, reason="service and load generator need a core each"),
]


def _measured(models: Path, out: Path, slower: float) -> str:
    """Measure a service that is slower by a share; return the folder of the report."""
    port = free_port()
    arguments = (str(slower), "--models", str(models), "--port", str(port), "--preload", "float32,int8")
    command = program("tests.loadtests.slowed_service", *arguments)
    out.mkdir()
    with Child(command, log=out / "log", core=choose().server) as child:
        host = f"http://127.0.0.1:{port}"
        Server(host, child).wait_until_ready()
        ended = run_module(
            *("loadtests", "run", "--models", str(models), "--model", "digits", "--host", host),
            *("--variants", "float32,int8", "--rows", "32", "--budget", "40", "--out", str(out)),
        )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return str(out)


def test_two_runs_of_a_service_are_not_told_apart_and_one_that_became_15_per_cent_slower_is(
    models: Path, tmp_path: Path
) -> None:
    before, same = (_measured(models, tmp_path / name, 0.0) for name in ("before", "same"))
    slower = _measured(models, tmp_path / "slower", 0.15)
    alike = run_module("loadtests", "compare", before, same)
    assert alike.returncode == 0, alike.stdout
    assert "Not told apart" in alike.stdout
    worse = run_module("loadtests", "compare", before, slower)
    assert worse.returncode == 1, worse.stdout
    told = re.search(r"Worse: throughput of all \((0\.\d+) times", worse.stdout)
    assert told, worse.stdout
    assert 0.75 < float(told[1]) < 0.92
