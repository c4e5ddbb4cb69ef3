"""The newest answers, row by row, until somebody says what was right: of each row the class it was given.

Where workers share a port, the ring of each is a file that the others can write to as well: the kernel gives
a connection to any of them, and so what is said of an answer may reach another worker than gave it.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_HEAD_BYTES = 8  # the number of rows so far
_SLOT_BYTES = 4  # of a row: its class, counted from 1; 0 when it has been said what was right


class Ring:
    """Some thousand rows; the oldest are forgotten. `file` is that of a buffer that others may write to."""

    def __init__(self, buffer: bytearray | mmap.mmap, file: int | None = None) -> None:
        self._count = memoryview(buffer)[:_HEAD_BYTES].cast("q")
        self._slots = memoryview(buffer)[_HEAD_BYTES:].cast("I")
        self._file = file

    def note(self, columns: Sequence[int]) -> int:
        """Take the classes of an answer, and return the number of its first row."""
        with self.alone():
            first = self._count[0]
            self._count[0] = first + len(columns)
            for row, column in enumerate(columns, first):
                self._slots[row % len(self._slots)] = column + 1
            return first

    def column(self, row: int) -> int | None:
        """Return the class that a row was given, None where it was said what was right.

        Raises LookupError where the row is forgotten.
        """
        count = self._count[0]
        if not max(0, count - len(self._slots)) <= row < count:
            raise LookupError
        slot = self._slots[row % len(self._slots)]
        return slot - 1 if slot else None

    def settle(self, row: int) -> None:
        """Take note that it was said what was right for a row."""
        self._slots[row % len(self._slots)] = 0

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep the other workers from changing it meanwhile."""
        if self._file is None:
            yield
            return
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)


def in_memory(rows: int) -> Ring:
    """Return a ring of `rows` rows that is this process's own."""
    return Ring(bytearray(_HEAD_BYTES + rows * _SLOT_BYTES))


def in_file(path: Path, rows: int) -> Ring:
    """Make a ring of `rows` rows that other workers find at `path`. Raises OSError."""
    file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        # Or a disk that is full later would end the process.
        os.posix_fallocate(file, 0, _HEAD_BYTES + rows * _SLOT_BYTES)
        return Ring(mmap.mmap(file, 0), file)
    except OSError:
        os.close(file)
        raise


@contextmanager
def opened(path: Path) -> Iterator[Ring]:
    """Open the ring of another worker. Raises LookupError where there is none any more."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise LookupError from error
    try:
        yield Ring(mmap.mmap(file, 0), file)
    finally:
        os.close(file)
