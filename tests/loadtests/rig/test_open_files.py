from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests.rig.child import Child
from loadtests.rig.open_files import WANTED, allow_many
from tests.patience import PATIENCE_S

_FEW = 256
_SAY = "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"


@pytest.fixture
def allowed() -> Iterator[int]:
    """Allow this process few files, and return how many it may allow itself. Afterwards it is as before."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FEW, hard))
    yield WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_limit_is_raised_as_far_as_it_may_be_and_never_lowered(allowed: int) -> None:
    allow_many()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == allowed
    if hard == resource.RLIM_INFINITY or hard > WANTED:
        resource.setrlimit(resource.RLIMIT_NOFILE, (WANTED + 1, hard))
        allow_many()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == WANTED + 1


def test_a_program_that_is_started_may_open_as_many(allowed: int, tmp_path: Path) -> None:
    with Child([sys.executable, "-c", _SAY], log=tmp_path / "log", core=None, talks=True) as child:
        assert child.hear(PATIENCE_S) == f"{allowed}\n"
