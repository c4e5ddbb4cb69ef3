"""A program started for a run, on a core of its own and with its output in a log file, that ends with it."""

from __future__ import annotations

import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from bundle.child import environment as our_packages
from loadtests.rig import interruption
from loadtests.rig.cores import Bound, bound_to
from loadtests.rig.family import Family, end, pids_of, resident_bytes_of
from loadtests.rig.keeper import Keeper
from loadtests.rig.open_files import allow_many
from loadtests.rig.processor import processor_s

SOURCE = Path(__file__).parents[2]
"""The folder in which `python -m` finds our packages."""

_GRACE_S = 10.0  # between asking a program to end and ending it
_TAIL_LINES = 15
_RECEIVE_BYTES = 65536

_KEEPER = Keeper()


def program(module: str, *arguments: str) -> list[str]:
    """Return the command of `python -m MODULE ARGUMENTS`, by the Python that runs this."""
    return [sys.executable, "-m", module, *arguments]


class Child:
    """A process, on one core where one is given. Leaving the `with` block ends it and all it has started.

    So does the end of this process, even where it is killed: a keeper sees to that.
    It finds our packages whatever folder it starts in, so paths that it is given may be relative to ours.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        core: Bound,
        environment: Mapping[str, str] | None = None,
        talks: bool = False,
    ) -> None:
        """Start it. What it prints goes to `log`; of one that `talks`, only what it complains of.

        `environment` is added to that of this process.
        """
        self.log = log
        self._heard = b""  # of a line that is not whole yet
        allow_many()  # what is started has the limits of who starts it

        def start() -> subprocess.Popen[bytes]:
            with log.open("wb") as stream, bound_to(core):
                return subprocess.Popen(
                    command,
                    bufsize=0,  # `hear` waits for the pipe, and must not miss what a buffer already holds
                    stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                    stdout=subprocess.PIPE if talks else stream,
                    stderr=stream,
                    env=our_packages() | {"PYTHONUNBUFFERED": "1"} | dict(environment or {}),
                    # A Ctrl-C at the terminal is for the run, which ends its children in order.
                    start_new_session=True,
                )

        with interruption.postponed():  # or it could run, and nobody know of it
            self._process = _KEEPER.watch(start)
            self._family = Family(self._process.pid)
        try:
            interruption.check()
        except KeyboardInterrupt:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def tell(self, line: str) -> None:
        """Write a line to a program that talks. Raises OSError where it has ended."""
        sink, _ = self._pipes()
        rest = memoryview(line.encode() + b"\n")
        while rest:
            rest = rest[sink.write(rest) :]

    def hear(self, seconds: float | None) -> str | None:
        """Return the next line of a program that talks, "" once it has ended; None if none came in time.

        Without `seconds` it is waited for however long it takes.
        """
        _, source = self._pipes()
        deadline = None if seconds is None else time.monotonic() + seconds
        while b"\n" not in self._heard:
            left = None if deadline is None else max(deadline - time.monotonic(), 0.0)
            if not select.select([source], [], [], left)[0]:
                return None
            piece = source.read(_RECEIVE_BYTES)
            if not piece:
                line, self._heard = self._heard, b""
                return line.decode()
            self._heard += piece
        line, _, self._heard = self._heard.partition(b"\n")
        return line.decode() + "\n"

    def ask(self, line: str) -> str:
        """Write a line to a program that talks, and return its answer; "" where it has ended."""
        with suppress(OSError):
            self.tell(line)
        return self.hear(None) or ""

    def wait(self, seconds: float | None) -> int | None:
        """Wait for the end, but at most so long; return the exit code, or None if it is still running."""
        try:
            code: int = self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        return code

    def resident_bytes(self) -> int | None:
        """Return the resident memory of the process and all it has started; None once all have ended."""
        return resident_bytes_of(self._family.members())

    def pids(self) -> tuple[int, ...]:
        """Return the numbers of the process and all it has started, as far as they run."""
        return pids_of(self._family.members())

    def processor_s(self) -> float:
        """Return the processor time that the process, and those it has started that run, have used so far."""
        return sum(processor_s([pid]) or 0.0 for pid in self.pids())

    def tail(self) -> str:
        """Return the last lines of the log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])

    def ask_to_end(self) -> None:
        """Ask the process to end, and do not wait for it."""
        self._process.terminate()

    def stop(self) -> None:
        """Ask the process to end, and then make it; return when it and all it has started are gone."""
        family = self._family.members()  # before a closed pipe, which may be its end, lets its children go
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            self._process.terminate()
            self.wait(_GRACE_S)
        finally:
            self._process.kill()
            self._process.wait()
            # With what it started on its way out. Whoever is measured next has the core to itself.
            end(family | self._family.members())
            _KEEPER.release(self._process.pid)

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        """Return what it reads from, and what it writes to."""
        if self._process.stdin is None or self._process.stdout is None:
            raise ValueError("only a process started with talks=True can be spoken with")
        return self._process.stdin, self._process.stdout
