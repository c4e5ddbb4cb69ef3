"""What the benchmark starts ends with it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil

from benchmarks.child import Child
from benchmarks.cores import Cores

PARENT = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_DFL)
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print(child.pid, flush=True)
for line in sys.stdin:
    print(line.strip()[::-1], flush=True)
"""


def test_a_child_runs_on_its_core_answers_and_takes_its_own_children_with_it(
    two_cores: Cores, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", PARENT]
    with Child(command, log=tmp_path / "log", core=two_cores.server, talks=True) as child:
        grandchild = psutil.Process(int(child.ask(b"\n")))
        assert os.sched_getaffinity(grandchild.pid) == {two_cores.server}
        assert child.ask(b"abc\n") == b"\n"
        assert child.ask(b"\n") == b"cba\n"
    assert child.process.returncode is not None
    assert psutil.wait_procs([grandchild], timeout=0.1)[0] == [grandchild]


def test_asking_a_child_that_has_ended_answers_nothing(two_cores: Cores, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no model here')"]
    with Child(command, log=tmp_path / "log", core=two_cores.server, talks=True) as child:
        assert child.ask(b"1\n") == b""
        child.process.wait()
        assert child.tail() == "no model here"
