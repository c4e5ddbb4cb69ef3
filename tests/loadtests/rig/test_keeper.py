"""What a program has started ends with it, also where the program is killed and can do nothing more."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from loadtests.rig.child import Child
from tests.loadtests.conftest import ROOT, children_of, is_alive
from tests.patience import PATIENCE_S

# A child that has children: one of its own session, one of another, and one whose own parent has ended.
CHILD = """
import os, subprocess, sys
sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
lost = "import subprocess, sys; print(subprocess.Popen(%r, stdout=subprocess.DEVNULL).pid)" % sleep
numbers = [
    subprocess.Popen(sleep, stdout=subprocess.DEVNULL).pid,
    subprocess.Popen(sleep, stdout=subprocess.DEVNULL, start_new_session=True).pid,
    int(subprocess.run([sys.executable, "-c", lost], stdout=subprocess.PIPE).stdout),
]
print(os.getpid(), *numbers, flush=True)
import time; time.sleep(600)
"""
PROGRAM = f"""
import sys, time
from pathlib import Path
from loadtests.rig.child import Child

with Child([sys.executable, "-c", {CHILD!r}], log=Path(sys.argv[1]), core=None, talks=True) as child:
    print(child.hear(None), end="", flush=True)
    time.sleep(600)
"""


@contextmanager
def _program(log: Path) -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """Start a program that starts others; yield it and those."""
    command = [sys.executable, "-c", PROGRAM, str(log)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        started = [psutil.Process(int(number)) for number in run.stdout.readline().split()]
        try:
            yield run, started
        finally:
            run.kill()


def test_what_a_killed_program_had_started_ends_and_so_does_its_keeper(tmp_path: Path) -> None:
    with _program(tmp_path / "log") as (run, started):
        keepers = [
            one for one in children_of(psutil.Process(run.pid)) if "loadtests.rig.keeper" in one.cmdline()
        ]
        assert len(keepers) == 1
        assert len(started) == 4
        run.kill()
        psutil.wait_procs([*started, *keepers], timeout=PATIENCE_S)
        assert not any(map(is_alive, [*started, *keepers]))


def test_a_keeper_goes_with_the_last_child_and_one_keeps_them_all(tmp_path: Path) -> None:
    def keepers() -> list[psutil.Process]:
        children = children_of(psutil.Process())
        return [one for one in children if is_alive(one) and "loadtests.rig.keeper" in one.cmdline()]

    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    before = keepers()  # of children of other tests
    with Child(sleep, log=tmp_path / "one", core=None):
        first = keepers()
        with Child(sleep, log=tmp_path / "two", core=None):
            assert keepers() == first
        assert keepers() == first
        assert len(first) == 1
    assert keepers() == before


def test_a_program_that_cannot_be_started_leaves_no_keeper(tmp_path: Path) -> None:
    before = psutil.Process().children()
    with pytest.raises(FileNotFoundError):
        Child([str(tmp_path / "nothing")], log=tmp_path / "log", core=None)
    assert psutil.Process().children() == before


def test_a_child_ends_in_order_though_somebody_has_killed_the_keeper(tmp_path: Path) -> None:
    before = set(psutil.Process().children())
    with Child([sys.executable, "-c", "input()"], log=tmp_path / "log", core=None, talks=True) as child:
        for one in set(children_of(psutil.Process())) - before:
            if "loadtests.rig.keeper" in one.cmdline():
                one.kill()
                one.wait()
        child.tell("")
        assert child.wait(PATIENCE_S) == 0
    assert set(psutil.Process().children()) <= before
