"""Whoever asks a program to end, it ends in order, and with it what it has started."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest

from loadtests.rig import interruption
from tests.loadtests.conftest import children_of, is_alive
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[3]
ASKED = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
SIGNALS = [signal.SIGINT, *ASKED]

SLEEP = "import time; time.sleep(600)"
# Starts a child, and then says again what it hears, until it is interrupted.
PROGRAM = f"""
import sys
from pathlib import Path
from loadtests.rig import interruption
from loadtests.rig.child import Child

interruption.heed()
try:
    with Child([sys.executable, "-c", "{SLEEP}"], log=Path(sys.argv[1]), core=None):
        print("ready", flush=True)
        for line in sys.stdin:
            print(line, end="", flush=True)
except KeyboardInterrupt:
    sys.exit(interruption.CODE)
"""
# Whatever this suite has inherited, what it starts ignores these signals and no others.
LAUNCHER = f"""
import os, signal, sys
ignored = sys.argv[1].split()
for number in {[int(one) for one in SIGNALS]}:
    signal.signal(number, signal.SIG_IGN if str(number) in ignored else signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, "-c", *sys.argv[2:]])
"""

Start = Callable[..., tuple["subprocess.Popen[str]", psutil.Process]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the program, with the signals named ignored; return it and its child."""
    with ExitStack() as stack:

        def start(*ignored: signal.Signals) -> tuple[subprocess.Popen[str], psutil.Process]:
            numbers = " ".join(str(int(one)) for one in ignored)
            command = [sys.executable, "-c", LAUNCHER, numbers, PROGRAM, str(tmp_path / "log")]
            pipe = subprocess.PIPE
            run = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
            stack.enter_context(run)
            stack.callback(run.kill)
            assert run.stdout is not None
            assert run.stdout.readline() == "ready\n"
            (child,) = (one for one in children_of(psutil.Process(run.pid)) if SLEEP in one.cmdline())
            return run, child

        yield start


@pytest.mark.parametrize("number", SIGNALS)
def test_a_program_that_is_asked_to_end_does_so_in_order_and_so_does_its_child(
    number: signal.Signals, start: Start
) -> None:
    run, child = start()
    run.send_signal(number)
    _, complaint = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == interruption.CODE
    assert complaint == ""
    assert not is_alive(child)


@pytest.mark.parametrize(
    "ignored",
    [(signal.SIGINT,), (signal.SIGINT, ASKED[-1])],
    ids=["in the background", "nohup in the background"],
)
def test_a_program_that_was_started_to_ignore_ctrl_c_goes_on_after_it_and_ends_in_order_when_killed(
    ignored: tuple[signal.Signals, ...], start: Start
) -> None:
    run, child = start(*ignored)
    for one in ignored:
        run.send_signal(one)
    assert run.stdin is not None
    assert run.stdout is not None
    run.stdin.write("still there?\n")
    run.stdin.flush()
    assert run.stdout.readline() == "still there?\n"
    run.terminate()
    _, complaint = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == interruption.CODE
    assert complaint == ""
    assert not is_alive(child)


@pytest.mark.parametrize("number", ASKED)
@pytest.mark.usefixtures("_signals_put_back")
def test_whoever_asks_for_the_end_it_is_as_ctrl_c(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_DFL)
    interruption.heed()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.usefixtures("_signals_put_back")
def test_a_request_that_was_swallowed_stands_until_it_is_heard(number: signal.Signals) -> None:
    signal.signal(number, signal.default_int_handler)
    interruption.heed()
    interruption.check()
    with suppress(KeyboardInterrupt):  # as some code in C does with whatever is raised in it
        signal.raise_signal(number)
    with pytest.raises(KeyboardInterrupt):
        interruption.check()
    interruption.heard()
    interruption.check()


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.usefixtures("_signals_put_back")
def test_what_must_not_be_left_half_way_is_finished_first(number: signal.Signals) -> None:
    signal.signal(number, signal.default_int_handler)
    interruption.heed()
    finished = False
    with interruption.postponed():
        signal.raise_signal(number)
        finished = True
    assert finished
    with pytest.raises(KeyboardInterrupt):
        interruption.check()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    interruption.heard()


@pytest.mark.parametrize("number", ASKED)
@pytest.mark.usefixtures("_signals_put_back")
def test_what_the_caller_ignores_stays_ignored(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)
    interruption.heed()
    signal.raise_signal(number)
    assert signal.getsignal(number) == signal.SIG_IGN
