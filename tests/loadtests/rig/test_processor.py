"""How long processes have run and waited, and what else their cores did meanwhile."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil
import pytest

from loadtests.rig.child import Child
from loadtests.rig.processor import Reading, Sight, processor_s, waited_s
from tests.patience import PATIENCE_S

BUSY_IN_A_THREAD_THAT_ENDS = """
import threading, time

def use_some():
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass

def say():
    worker = threading.Thread(target=use_some)
    worker.start()
    worker.join()
    print(time.process_time(), flush=True)

say()
input()
say()
input()
"""
STAT = """cpu  100 0 50 800 50 10 20 30 0 0
cpu0 60 0 30 400 30 5 15 30 0 0
cpu1 40 0 20 400 20 5 5 0 0 0
intr 12345
"""
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the system does not say")


@pytest.mark.parametrize("platform", [sys.platform, "another"])
def test_the_time_of_a_process_is_that_of_its_threads_and_of_those_that_have_ended(
    platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-c", BUSY_IN_A_THREAD_THAT_ENDS]
    with Child(command, log=tmp_path / "log", core=None, talks=True) as child:
        first = float(child.hear(PATIENCE_S) or "nan")
        monkeypatch.setattr(sys, "platform", platform)
        tick_s = 0.02  # two counters, of user and system time, each cut down to a tick
        assert (processor_s(child.pids()) or 0.0) >= first - tick_s
        second = float(child.ask(""))
        used = processor_s(child.pids()) or 0.0
        assert used >= second - tick_s
        assert child.processor_s() >= used


@on_linux
def test_the_time_of_a_process_is_known_to_less_than_a_tick(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BUSY_IN_A_THREAD_THAT_ENDS]
    with Child(command, log=tmp_path / "log", core=None, talks=True) as child:
        child.hear(PATIENCE_S)
        ticks = (processor_s(child.pids()) or 0.0) * os.sysconf("SC_CLK_TCK")
        assert abs(ticks - round(ticks)) > 1e-6


def test_the_time_of_a_process_that_is_gone_is_not_known_and_neither_is_that_of_none(tmp_path: Path) -> None:
    with Child([sys.executable, "-c", "input()"], log=tmp_path / "log", core=None, talks=True) as child:
        running = child.pids()
        assert (processor_s(running) or 0.0) > 0
    assert (processor_s(running), waited_s(running)) == (None, None)
    assert processor_s([os.getpid(), *running]) is None
    assert (processor_s([]), waited_s([])) == (None, None)


def test_the_processes_of_a_child_are_itself_and_what_it_has_started_while_they_run(tmp_path: Path) -> None:
    parent = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
input()
child.stdin.close()
while sys.platform == "linux" and open(f"/proc/{child.pid}/stat").read().split()[2] != "Z":
    pass
if sys.platform != "linux":
    child.wait()
print("gone", flush=True)
input()
"""
    with Child([sys.executable, "-c", parent], log=tmp_path / "log", core=None, talks=True) as child:
        started = int(child.hear(PATIENCE_S) or "")
        (own,) = set(child.pids()) - {started}
        assert psutil.Process(started).ppid() == own
        child.ask("")
        assert child.pids() == (own,)  # though nobody has buried the other
    assert child.pids() == ()


def test_the_time_waited_is_that_of_every_thread_of_every_process(tmp_path: Path) -> None:
    for thread, waited in (("7/task/7", 10**9), ("7/task/8", 5 * 10**8), ("9/task/9", 10**6)):
        folder = tmp_path / "proc" / thread
        folder.mkdir(parents=True)
        (folder / "schedstat").write_text(f"123456 {waited} 42\n", encoding="ascii")
    assert waited_s([7, 9], tmp_path) == pytest.approx(1.501)
    (tmp_path / "proc/7/task/8/schedstat").unlink()
    assert waited_s([7, 9], tmp_path) is None  # a system that does not say, and not a thread that has ended


@on_linux
def test_who_shares_a_core_waits_for_it(tmp_path: Path) -> None:
    core = min(os.sched_getaffinity(0))
    command = [sys.executable, "-c", BUSY_IN_A_THREAD_THAT_ENDS.replace("0.05", "0.2")]
    with (
        Child(command, log=tmp_path / "one", core=core, talks=True) as one,
        Child(command, log=tmp_path / "other", core=core, talks=True) as other,
    ):
        one.hear(PATIENCE_S)
        other.hear(PATIENCE_S)
        assert (waited_s([*one.pids(), *other.pids()]) or 0.0) > 0.0


def _stat(root: Path, text: str) -> Path:
    (root / "proc").mkdir(parents=True, exist_ok=True)
    (root / "proc/stat").write_text(text, encoding="ascii")
    return root


@on_linux
def test_what_others_took_is_what_programs_ran_without_ours(tmp_path: Path) -> None:
    first = Reading.at([0], _stat(tmp_path, STAT))
    later = "cpu  0\ncpu0 100 10 40 420 40 10 30 60 0 0\ncpu1 9 0 0 0 0 0 0 0 0 0\n"
    last = Reading.at([0], _stat(tmp_path, later))
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    sight = Sight.between(first, last, ours_s=35 * tick_s)
    ran, interrupts, stolen, idle = 60, 20, 30, 30
    total = ran + interrupts + stolen + idle
    assert sight.stolen == pytest.approx(stolen / total)
    assert sight.others == pytest.approx((ran - 35) / total)
    assert Sight.between(first, last, ours_s=100 * tick_s).others == 0  # ticks are coarser than our clock
    assert Sight.between(first, last, ours_s=None).others is None


@on_linux
def test_all_cores_together_or_some_of_them_are_looked_at(tmp_path: Path) -> None:
    _stat(tmp_path, STAT)
    assert Reading.at(root=tmp_path) == Reading.at([0, 1], tmp_path)
    assert Reading.at([0], tmp_path) != Reading.at([1], tmp_path)
    assert Reading.at() is not None


def test_where_the_system_does_not_say_what_cores_did_nothing_is_known(tmp_path: Path) -> None:
    assert Reading.at(root=tmp_path) is None
    look = Reading.at([0], _stat(tmp_path, STAT))
    assert Reading.at([0, 2], tmp_path) is None  # a core that is not among them
    assert Reading.at(root=_stat(tmp_path, "cpu  1 2 3 4\n")) is None  # of a system too old to know steal
    assert Sight.between(None, look, 1.0) == Sight.between(look, None, 1.0) == Sight()
    assert Sight.between(look, look, 0.0) == Sight()  # no time between the two
