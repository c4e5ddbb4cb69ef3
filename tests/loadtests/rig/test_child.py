"""What a run starts can be spoken with, and ends with it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from loadtests.rig.child import Child, program
from loadtests.rig.cores import choose
from tests.loadtests.conftest import is_alive
from tests.patience import PATIENCE_S

PARENT = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_DFL)
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print(child.pid)
for line in sys.stdin:
    print(line.strip()[::-1])
"""


def test_a_child_runs_on_its_core_answers_and_takes_its_own_children_with_it(tmp_path: Path) -> None:
    core = choose().server
    with Child([sys.executable, "-c", PARENT], log=tmp_path / "log", core=core, talks=True) as child:
        grandchild = psutil.Process(int(child.ask("")))
        if core is not None:
            assert grandchild.cpu_affinity() == list(core)
        assert child.ask("abc") == "\n"
        assert child.ask("") == "cba\n"
        assert (child.resident_bytes() or 0) >= grandchild.memory_info().rss
    assert child.wait(0) is not None
    assert child.resident_bytes() is None
    assert not is_alive(grandchild)


def test_what_a_child_has_started_ends_with_it_though_it_ended_first(tmp_path: Path) -> None:
    with Child(
        [sys.executable, "-c", PARENT.partition("for line")[0]], log=tmp_path / "log", core=None, talks=True
    ) as child:
        grandchild = psutil.Process(int(child.hear(PATIENCE_S) or ""))
        assert child.wait(PATIENCE_S) is not None
        assert is_alive(grandchild)
    assert not is_alive(grandchild)


def test_asking_a_child_that_has_ended_answers_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no model here')"]
    with Child(command, log=tmp_path / "log", core=None, talks=True) as child:
        assert child.ask("1") == ""
        assert child.wait(None) == 1
        assert child.tail() == "no model here"


def test_every_line_is_heard_though_several_come_at_once_or_one_in_pieces(tmp_path: Path) -> None:
    say = "import sys; sys.stdout.write('a\\nb\\nhal'); sys.stdout.flush(); input(); sys.stdout.write('f')"
    with Child([sys.executable, "-c", say], log=tmp_path / "log", core=None, talks=True) as child:
        assert child.hear(PATIENCE_S) == "a\n"
        assert child.hear(PATIENCE_S) == "b\n"
        assert child.hear(0.01) is None  # half a line is not waited for beyond the time
        child.tell("")
        assert child.hear(PATIENCE_S) == "half"
        assert child.hear(PATIENCE_S) == ""


def test_a_child_that_will_not_end_is_waited_for_no_longer_than_asked(tmp_path: Path) -> None:
    with Child(
        [sys.executable, "-c", "import signal; signal.pause()"], log=tmp_path / "log", core=None
    ) as child:
        begun = time.monotonic()
        assert child.wait(0.05) is None
        assert time.monotonic() - begun < 30.0
    assert child.wait(0) is not None


def test_a_child_finds_our_packages_from_any_folder_and_has_the_environment_that_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    say = "import loadtests, os; print(os.environ['SAID']); print(os.getcwd())"
    with Child(
        [sys.executable, "-c", say], log=Path("log"), core=None, environment={"SAID": "this"}, talks=True
    ) as child:
        assert child.hear(PATIENCE_S) == "this\n"
        assert child.hear(PATIENCE_S) == f"{os.path.realpath(tmp_path)}\n"


def test_what_a_child_prints_is_in_its_log_and_one_that_does_not_talk_cannot_be_asked(tmp_path: Path) -> None:
    with Child(program("timeit", "-n1", "-r1", "print('hello')"), log=tmp_path / "log", core=None) as child:
        with pytest.raises(ValueError, match="talks=True"):
            child.ask("1")
        assert child.wait(PATIENCE_S) == 0
        assert "hello" in child.tail()
