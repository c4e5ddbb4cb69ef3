from __future__ import annotations

import os
import sys
from collections.abc import Collection
from pathlib import Path

import psutil
import pytest

import bundle.cores
from loadtests.errors import LoadTestError
from loadtests.rig.cores import Cores, bound_to, choose, usable


class Affinity:
    """The cores that the system lets this process use, as far as it is told."""

    def __init__(self) -> None:
        self.now = {0}
        self.is_fixed = False

    def get(self, _: int) -> set[int]:
        return set(self.now)

    def set(self, _: int, cores: Collection[int]) -> None:
        if self.is_fixed:
            raise PermissionError(1, "Operation not permitted")
        self.now = {*cores}


@pytest.fixture
def affinity(monkeypatch: pytest.MonkeyPatch) -> Affinity:
    """Stands in for the system's, so that there may be more cores than there are."""
    fake = Affinity()
    monkeypatch.setattr(os, "sched_getaffinity", fake.get)
    monkeypatch.setattr(os, "sched_setaffinity", fake.set)
    return fake


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")


def _topology(root: Path, name: str, siblings: list[str]) -> None:
    for core, text in enumerate(siblings):
        _write(root / f"sys/devices/system/cpu/cpu{core}/topology" / name, f"{text}\n")


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="programs are bound to a core on Linux only")


def test_what_is_bound_to_a_core_is_free_again_afterwards() -> None:
    before = psutil.Process().cpu_affinity()
    core = choose().load
    with bound_to(core):
        if core is not None:
            assert psutil.Process().cpu_affinity() == [core]
    assert psutil.Process().cpu_affinity() == before


def test_a_program_may_keep_to_several_cores(affinity: Affinity) -> None:
    affinity.now = {0, 1, 2, 3}
    with bound_to((1, 3)):
        assert affinity.now == {1, 3}
    assert affinity.now == {0, 1, 2, 3}


def test_the_server_and_the_load_have_a_core_each_of_those_allowed() -> None:
    allowed = os.sched_getaffinity(0)
    if usable() < 2:
        pytest.skip("there is one core")
    cores = choose()
    assert cores.server is not None
    assert len(cores.server) == 1
    assert cores.load not in cores.server
    assert {*cores.server, cores.load} <= allowed
    assert os.sched_getaffinity(0) == allowed  # to try has left no trace


@pytest.mark.usefixtures("one_core")
def test_where_there_is_one_core_none_is_chosen_and_the_two_share_it() -> None:
    cores = choose()
    assert cores == Cores(None, None, shared=True)
    assert cores.own == {"service": None, "generator": None}
    assert "share one core" in (cores.caveat or "")
    assert cores.in_words() == cores.caveat


@pytest.mark.parametrize("quota", [50_000, 100_000, 150_000])
def test_a_quota_of_less_than_two_cores_is_one_that_both_share(
    quota: int, affinity: Affinity, tmp_path: Path
) -> None:
    affinity.now = {2, 3}
    _write(tmp_path / "proc/self/cgroup", "0::/\n")
    _write(tmp_path / "sys/fs/cgroup/cpu.max", f"{quota} 100000\n")
    cores = choose(root=tmp_path)
    assert cores == Cores((2,), 2, shared=True)
    assert cores.own == {"service": None, "generator": None}
    assert "share one core" in cores.in_words()


def test_a_quota_of_two_cores_and_more_is_a_core_for_each(affinity: Affinity, tmp_path: Path) -> None:
    affinity.now = {0, 1, 2, 3}
    _write(tmp_path / "proc/self/cgroup", "0::/\n")
    _write(tmp_path / "sys/fs/cgroup/cpu.max", "250000 100000\n")
    assert choose(root=tmp_path) == Cores((0,), 1)


@pytest.mark.parametrize("name", ["core_cpus_list", "thread_siblings_list"])
@pytest.mark.parametrize(
    ("siblings", "chosen"),
    [
        (["0-1", "0-1", "2-3", "2-3"], Cores((0,), 2)),
        (["0,2", "1,3", "0,2", "1,3"], Cores((0,), 1)),
        (["0", "1", "2", "3"], Cores((0,), 1)),
        (["0-3", "0-3", "0-3", "0-3"], Cores((0,), 1, siblings=True)),
        (["", "", "", ""], Cores((0,), 1)),
    ],
)
def test_threads_of_one_physical_core_are_not_taken_for_two(
    name: str, siblings: list[str], chosen: Cores, affinity: Affinity, tmp_path: Path
) -> None:
    affinity.now = set(range(4))
    _topology(tmp_path, name, siblings)
    cores = choose(root=tmp_path)
    assert cores == chosen
    assert ("threads of one physical core" in cores.in_words()) is chosen.siblings


def test_of_the_cores_allowed_alone_it_matters_whose_threads_they_are(
    affinity: Affinity, tmp_path: Path
) -> None:
    _topology(tmp_path, "core_cpus_list", ["0-1", "0-1", "2-3", "2-3"])
    affinity.now = {2, 3}
    assert choose(root=tmp_path) == Cores((2,), 3, siblings=True)
    affinity.now = {1, 2, 3}
    assert choose(root=tmp_path) == Cores((1,), 2)


def test_where_the_system_hides_whose_threads_cores_are_nothing_is_said(
    affinity: Affinity, tmp_path: Path
) -> None:
    affinity.now = {0, 1}
    cores = choose(root=tmp_path)
    assert cores == Cores((0,), 1)
    assert cores.caveat is None
    assert cores.own == {"service": [0], "generator": [1]}
    assert cores.in_words() == "Services run on core 0, the load generator on 1."


def test_a_service_of_several_cores_has_a_worker_for_each_and_the_load_another(
    affinity: Affinity, tmp_path: Path
) -> None:
    affinity.now = set(range(6))
    _topology(tmp_path, "core_cpus_list", ["0-1", "0-1", "2-3", "2-3", "4-5", "4-5"])
    cores = choose(2, tmp_path)
    assert cores == Cores((0, 2), 4, workers=2)
    assert cores.own == {"service": [0, 2], "generator": [4]}
    assert "on cores 0, 2, a worker for each, the load generator on 4" in cores.in_words()
    assert "one worker may have most of them" in cores.in_words()
    assert choose(3, tmp_path) == Cores((0, 2, 4), 1, workers=3, siblings=True)


def test_more_cores_for_a_service_than_there_are_beside_that_of_the_load_are_refused(
    affinity: Affinity, tmp_path: Path
) -> None:
    affinity.now = {0, 1}
    with pytest.raises(LoadTestError, match=r"is 2, which takes 3 cores .* may use 2$"):
        choose(2, tmp_path)
    affinity.now = set(range(8))
    _write(tmp_path / "proc/self/cgroup", "0::/\n")
    _write(tmp_path / "sys/fs/cgroup/cpu.max", "250000 100000\n")
    with pytest.raises(LoadTestError, match=r"may use 2\.5$"):
        choose(2, tmp_path)


def test_where_programs_may_not_be_bound_none_is_chosen_and_nothing_is_shared(
    affinity: Affinity, tmp_path: Path
) -> None:
    affinity.now, affinity.is_fixed = {0, 1, 2}, True
    cores = choose(root=tmp_path)
    assert cores == Cores(None, None)
    assert choose(2, tmp_path) == Cores(None, None, workers=2)
    assert cores.in_words() == "Services and load generator are not kept on cores of their own."


@pytest.mark.usefixtures("one_core")
def test_only_the_cores_that_this_process_may_use_are_counted() -> None:
    assert usable() == 1


@pytest.mark.parametrize(("quota", "whole"), [(0.2, 1), (1.0, 1), (1.5, 1), (2.5, 2), (64.0, 64)])
def test_of_a_quota_the_whole_cores_are_counted(
    quota: float, whole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle.cores, "usable", lambda: quota)
    assert usable() == whole
