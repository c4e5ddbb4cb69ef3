"""Runs programs of ours that open files of unknown origin: they may crash, hang or print for ever."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bundle.child import environment, started

_OUTPUT_BYTES_MAX = 2**20  # a graph may print, and for ever
_NICEST = 19
_EXPENDABLE = "1000"
_PARENT_GONE = 1  # exit code, which nobody is there to read


def run_apart(
    program: str, arguments: Sequence[str], *, silence_s: float, idle: bool = False
) -> tuple[list[str], int | None]:
    """Run `python -m program`; return the lines that it writes and its exit code.

    The code is None where it wrote nothing for `silence_s` seconds, or too much. One that is `idle` runs in
    the time that nobody else wants. Raises OSError where it cannot be started.
    """
    quiet = subprocess.DEVNULL
    command = [sys.executable, "-m", program, *arguments]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet, env=environment())

    with started(start) as child, selectors.DefaultSelector() as selector:
        assert child.stdout is not None  # noqa: S101 - it was asked for
        if idle:
            _stand_back(child.pid)
        selector.register(child.stdout, selectors.EVENT_READ)
        output, has_ended = b"", False
        while not has_ended and len(output) < _OUTPUT_BYTES_MAX and selector.select(silence_s):
            piece = os.read(child.stdout.fileno(), 2**16)
            output, has_ended = output + piece, not piece
        try:
            code = child.wait(silence_s if has_ended else 0)
        except subprocess.TimeoutExpired:
            code = None
    return output.decode(errors="replace").splitlines(), code


def _stand_back(pid: int) -> None:
    """Put a process behind all others, as far as this system knows how: for a core, and for memory."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, pid, _NICEST)
    with suppress(OSError, AttributeError):
        os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
    with suppress(OSError):  # where memory ends, this is to go, and not who serves
        Path(f"/proc/{pid}/oom_score_adj").write_text(_EXPENDABLE, encoding="ascii")


def end_with_parent() -> None:
    """Have this process end as soon as nobody waits for it any more: a graph may run for ever."""
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(_PARENT_GONE)
