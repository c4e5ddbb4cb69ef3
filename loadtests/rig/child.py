"""A program started for a run, with its output in a log file, that does not outlive it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from loadtests.rig.cores import bound_to
from loadtests.rig.open_files import allow_many

_GRACE_S = 10.0  # between asking a program to end and ending it
_TAIL_LINES = 15


class Child:
    """`python -m MODULE ARGUMENTS` as a process. Leaving the `with` block ends it and all it has started."""

    def __init__(
        self, module: str, arguments: Sequence[str], *, log: Path, core: int | None, talks: bool = False
    ) -> None:
        """Start it. What it prints goes to `log`; of one that `talks`, only what it complains of."""
        self.log = log
        source = str(Path(__file__).parents[2])
        path = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH")]))
        allow_many()  # what is started has the limits of who starts it
        with log.open("wb") as stream, bound_to(core):
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else stream,
                stderr=stream,
                env=os.environ | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
                # A Ctrl-C at the terminal is for the run, which ends its children in order.
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def tell(self, line: str) -> None:
        """Write a line to a program that talks. Raises OSError where it has ended."""
        assert self._process.stdin is not None  # noqa: S101 - it was started to talk
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def hear(self, seconds: float) -> str | None:
        """Return the next line of a program that talks, "" once it has ended; None if none came in time."""
        assert self._process.stdout is not None  # noqa: S101 - it was started to talk
        ready, _, _ = select.select([self._process.stdout], [], [], seconds)
        return self._process.stdout.readline().decode() if ready else None

    def wait(self, seconds: float) -> int | None:
        """Wait for the end, but at most so long; return the exit code, or None if it is still running."""
        try:
            code: int = self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        return code

    def resident_bytes(self) -> int | None:
        """Return the resident memory of the process and all it has started; None once it has ended."""
        try:
            return sum(process.memory_info().rss for process in self._family()) or None
        except psutil.NoSuchProcess:
            return None

    def tail(self) -> str:
        """Return the last lines of the log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])

    def stop(self) -> None:
        """Ask the process to end, and then make it."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        if self._process.poll() is not None:
            return
        family = self._family()
        try:
            self._process.terminate()
            self.wait(_GRACE_S)
        finally:
            for process in family:
                with suppress(psutil.NoSuchProcess):
                    process.kill()  # psutil knows a process from a later one that got its number
            self._process.wait()

    def _family(self) -> list[psutil.Process]:
        try:
            process = psutil.Process(self._process.pid)
            return [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []
