from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil
import pytest

from loadtests.rig.cores import Cores, bound_to, choose, usable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="programs are bound to a core on Linux only")

V1 = "4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n1:name=systemd:/docker/x"  # as a container sees them


def test_what_is_bound_to_a_core_is_free_again_afterwards() -> None:
    before = psutil.Process().cpu_affinity()
    core = choose().load
    with bound_to(core):
        if core is not None:
            assert psutil.Process().cpu_affinity() == [core]
    assert psutil.Process().cpu_affinity() == before


def test_the_server_and_the_load_have_a_core_each_of_those_allowed() -> None:
    allowed = os.sched_getaffinity(0)
    if len(allowed) < 2:
        pytest.skip("there is one core")
    cores = choose()
    assert cores.server != cores.load
    assert {cores.server, cores.load} <= allowed
    assert os.sched_getaffinity(0) == allowed  # to try has left no trace


@pytest.mark.usefixtures("one_core")
def test_where_there_is_one_core_none_is_chosen() -> None:
    assert choose() == Cores(None, None)


@pytest.mark.usefixtures("one_core")
def test_only_the_cores_that_this_process_may_use_are_counted() -> None:
    assert usable() == 1


@pytest.mark.parametrize(
    ("files", "own", "cores"),
    [
        ({"cpu.max": "max 100000"}, "0::/", 2),
        ({"cpu.max": "100000 100000"}, "0::/", 1),
        ({"cpu.max": "50000 100000"}, "0::/", 1),
        ({"cpu.max": "150000 100000"}, "0::/", 1),  # whole ones
        ({"cpu.max": "250000 100000"}, "0::/", 2),
        (
            {"cpu.max": "400000 100000", "a/cpu.max": "100000 100000", "a/b/cpu.max": "max 100000"},
            "0::/a/b",
            1,
        ),
        ({"a/cpu.max": "100000 100000"}, "0::/b", 2),
        ({"cpu,cpuacct/cpu.cfs_quota_us": "100000", "cpu,cpuacct/cpu.cfs_period_us": "100000"}, V1, 1),
        ({"cpu,cpuacct/cpu.cfs_quota_us": "-1", "cpu,cpuacct/cpu.cfs_period_us": "100000"}, V1, 2),
        ({"cpu.max": ""}, "0::/", 2),
        ({}, "", 2),
    ],
)
def test_a_quota_of_time_counts_as_so_many_cores(
    files: dict[str, str], own: str, cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})  # whatever this machine has
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    (tmp_path / "own").write_text(own)
    assert usable(tmp_path, tmp_path / "own") == cores
