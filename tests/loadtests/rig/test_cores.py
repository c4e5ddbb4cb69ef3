from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import psutil
import pytest

from loadtests.rig.cores import Cores, bound_to, choose

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="programs are bound to a core on Linux only")


@pytest.fixture
def one_core() -> Iterator[None]:
    """Leave this process one core, and give it back the others afterwards."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


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
