from __future__ import annotations

import os
import sys

import psutil
import pytest

import bundle.cores
from loadtests.rig.cores import Cores, bound_to, choose, usable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="programs are bound to a core on Linux only")


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


@pytest.mark.parametrize(("quota", "whole"), [(0.2, 1), (1.0, 1), (1.5, 1), (2.5, 2), (64.0, 64)])
def test_of_a_quota_the_whole_cores_are_counted(
    quota: float, whole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle.cores, "usable", lambda: quota)
    assert usable() == whole
