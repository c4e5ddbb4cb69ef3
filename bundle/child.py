"""How a process of ours is started from another: with the packages that the parent runs, and with an end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, AnyStr

from bundle.postponed import postponed


def environment() -> dict[str, str]:
    """Return the environment of a child that finds our packages first, wherever it is started from."""
    source = str(Path(__file__).parents[1])
    path = filter(None, [source, os.environ.get("PYTHONPATH")])
    return os.environ | {"PYTHONPATH": os.pathsep.join(path)}


def talking(
    command: Sequence[str], *, stdin: int, noise: IO[str], variables: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start a program whose lines are read; what its libraries write to stderr goes to the file `noise`.

    `variables` are added to its environment.
    """
    return subprocess.Popen(
        command,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=noise,
        text=True,
        errors="replace",
        env=environment() | dict(variables or {}),
        start_new_session=True,  # a Ctrl-C at the terminal is for us, who then end this
    )


@contextmanager
def started(start: Callable[[], subprocess.Popen[AnyStr]]) -> Iterator[subprocess.Popen[AnyStr]]:
    """Give the process that `start` returns, and kill it where it still runs when the block ends."""
    with postponed() as hear:
        process = start()
        try:
            hear()  # there is now somebody who would kill it
            yield process
        finally:
            process.kill()
            for pipe in (process.stdin, process.stdout, process.stderr):
                with suppress(OSError):  # of what was to be written to it
                    if pipe is not None:
                        pipe.close()
            process.wait()
