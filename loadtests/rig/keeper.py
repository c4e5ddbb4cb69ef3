"""Ends what a process has started where that process was killed, and could not do it itself.

`python -m loadtests.rig.keeper` is told, a line each, the number of a child to keep an eye on, and, with a
minus, of one that has been seen to. When nobody is left who could tell it more, it ends those that remain.
The end of a pipe says so on every system and however a process ended.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

import psutil

from bundle.child import environment as our_packages
from loadtests.rig.family import Family, end, is_running


class Keeper:
    """The keeper of this process's children. It runs while there are any."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._watched: set[int] = set()

    def watch(self, start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        """Start a child that will not outlive this process. Raises what `start` raises."""
        if self._process is None:
            self._process = _started()  # before the child: it never is without a keeper
        try:
            child = start()
            self._watched.add(child.pid)
            self._tell(child.pid)
        finally:
            self._go_if_idle()
        return child

    def release(self, number: int) -> None:
        """Take note that a child has ended, with all that it had started."""
        self._watched.discard(number)
        self._tell(-number)
        self._go_if_idle()

    def _tell(self, number: int) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):  # somebody has killed the keeper; we still end our children in order
                self._process.stdin.write(b"%d\n" % number)

    def _go_if_idle(self) -> None:
        if self._process is not None and not self._watched:
            process, self._process = self._process, None
            process.communicate()


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "loadtests.rig.keeper"],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=our_packages(),
        start_new_session=True,  # whoever interrupts a run does not mean its keeper
    )


def main() -> None:
    """Keep an eye on what is named, until there is nobody left who names it; then end what remains."""
    watched: dict[int, Family] = {}
    for line in sys.stdin:
        number = int(line)
        if number < 0:
            watched.pop(-number, None)
        else:
            with suppress(psutil.NoSuchProcess):
                watched[number] = Family(number)
    # Again, until there are none: one of them may just have started another.
    while left := [one for family in watched.values() for one in family.members() if is_running(one)]:
        end(left)


if __name__ == "__main__":
    main()
