"""How many cores there are, where a container is given fewer than the machine has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bundle import cores

BOUND = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine(root: Path, group: str, files: dict[str, str]) -> Path:
    """Write what a kernel shows to a process in `group`."""
    for name, content in {"proc/self/cgroup": group, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


ONE = {"cpu.cfs_quota_us": "100000\n", "cpu.cfs_period_us": "100000\n"}
HALF = {"cpu.cfs_quota_us": "50000\n", "cpu.cfs_period_us": "100000\n"}


def under(folder: str, files: dict[str, str]) -> dict[str, str]:
    return {f"{folder}/{name}": content for name, content in files.items()}


@pytest.mark.parametrize(
    ("group", "files", "quota"),
    [
        ("0::/\n", {"cpu.max": "100000 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "20000 100000\n"}, 0.2),
        ("0::/pod/one\n", {"cpu.max": "max 9\n", "pod/cpu.max": "50 50\n", "pod/one/cpu.max": "max 9\n"}, 1),
        ("0::/outside/of/the/container\n", {"cpu.max": "100000 100000\n"}, 1),
        ("4:memory:/a\n3:cpu,cpuacct:/a\n", under("cpu,cpuacct/a", ONE), 1),
        ("3:cpu:/outside\n", under("cpu", ONE), 1),
        ("3:cpu:/a\n0::/\n", under("cpu/a", HALF), 0.5),
    ],
    ids=["v2", "a fifth", "of the pod", "path outside", "v1", "v1, path outside", "v1 beside v2"],
)
def test_a_quota_of_time_is_as_many_cores(
    group: str, files: dict[str, str], quota: float, tmp_path: Path
) -> None:
    assert cores.usable(machine(tmp_path, group, under("sys/fs/cgroup", files))) == quota


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"cpu.max": "max 100000\n"},
        {"cpu.max": ""},
        {"cpu.max": "100000 0\n"},
        {"cpu.max": f"{(BOUND + 1) * 100000} 100000\n"},
        {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"},
    ],
    ids=["none", "max", "empty", "no period", "more than there are", "first version's none"],
)
def test_without_a_quota_it_is_the_cores_that_the_process_is_bound_to(
    files: dict[str, str], tmp_path: Path
) -> None:
    given = machine(tmp_path, "3:cpu:/\n0::/\n", under("sys/fs/cgroup", files))
    assert cores.usable(given) == BOUND


def test_a_system_without_control_groups_has_the_cores_that_the_process_is_bound_to(tmp_path: Path) -> None:
    assert cores.usable(tmp_path) == BOUND
