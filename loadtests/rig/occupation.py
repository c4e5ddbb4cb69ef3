"""A folder that one program at a time writes into."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where two programs are not kept apart
    fcntl = None  # type: ignore[assignment]

SCRATCH = ".run-"
"""So begins the name of what is there only during a run: of one that was killed, the next removes it."""

_FILE = ".in-use"


class InUseError(Exception):
    """Another program writes into the folder. The text says which."""


@contextmanager
def occupied(folder: Path) -> Iterator[None]:
    """Keep `folder`, which must exist, to this program until the block is left, or the program ends.

    A lock of the system, not the file that bears it, is what counts: no program leaves it behind, however it
    ends. Raises InUseError where another program has the folder, and OSError where nothing can be written.
    """
    path = folder / _FILE
    file = _locked(path)
    try:
        os.truncate(file, 0)
        os.write(file, json.dumps({"process": os.getpid(), "command": shlex.join(sys.orig_argv)}).encode())
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is locked: whoever opened it sees that it is no more
        os.close(file)


def _locked(path: Path) -> int:
    """Open a file and lock it. Raises InUseError."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_same(file, path):
                return file
        except BlockingIOError:
            raise InUseError(_holder(file)) from None
        except OSError:
            return file  # a file system that knows no locks
        os.close(file)


def _is_same(file: int, path: Path) -> bool:
    """Tell whether the file that was opened is still the one at `path`: its last holder removes it."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _holder(file: int) -> str:
    """Say who has the lock, and close the file."""
    text = os.pread(file, 65536, 0).decode(errors="replace")
    os.close(file)
    with suppress(ValueError, KeyError, TypeError):
        holder = json.loads(text)
        return f"process {holder['process']} ({' '.join(str(holder['command']).split())})"
    return "another program"
