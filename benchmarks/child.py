"""A program bound to a core, with its output in a log file, that does not outlive the benchmark."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from benchmarks.cores import bound_to

ROOT = Path(__file__).parents[1]

_GRACE_S = 10.0  # between asking a program to end and ending it
_TAIL_LINES = 12


class Child:
    """A process, on one core where one is given. Leaving the `with` block ends it and all it has started."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        core: int | None,
        environment: Mapping[str, str] | None = None,
        talks: bool = False,
    ) -> None:
        self.log = log
        pipe = subprocess.PIPE if talks else None
        with log.open("wb") as stream, nullcontext() if core is None else bound_to(core):
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,  # where `python -m` finds our packages, in whatever environment
                stdin=pipe or subprocess.DEVNULL,
                stdout=pipe or stream,
                stderr=stream if talks else subprocess.STDOUT,
                env=os.environ | dict(environment or {}),
                # A Ctrl-C at the terminal is for the benchmark, which ends its children in order.
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def ask(self, line: bytes) -> bytes:
        """Write a line to a process that talks, and return its answer; nothing where it has ended."""
        source, sink = self.process.stdin, self.process.stdout
        if source is None or sink is None:
            raise ValueError("only a process started with talks=True can be asked")
        with suppress(BrokenPipeError):
            source.write(line)
            source.flush()
        return sink.readline()

    def tail(self) -> str:
        """Return the last lines of the log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])

    def stop(self) -> None:
        """Ask the process to end, and then make it."""
        family = self._family()
        try:
            if self.process.poll() is None:
                self.process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(_GRACE_S)
        finally:
            for process in family:
                with suppress(psutil.NoSuchProcess):
                    process.kill()  # psutil knows a process from a later one that got its number
            self.process.wait()
            psutil.wait_procs(family[1:], _GRACE_S)  # whoever is measured next has the core to itself
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    pipe.close()

    def _family(self) -> list[psutil.Process]:
        try:
            process = psutil.Process(self.process.pid)
            return [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []
