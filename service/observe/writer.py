"""Writes lines without keeping anybody waiting: the disk may be full, and nobody may read the pipe."""

from __future__ import annotations

import os
import select
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from queue import Empty, SimpleQueue
from typing import TextIO

_BOUND_BYTES = 4 * 2**20
_CHUNK_BYTES = 4096  # written at once or not at all where several processes write to one pipe
_RETRY_MS = 100


class Writer:
    """Takes lines from one thread at a time, and writes them from a thread of its own.

    `write` takes bytes, and returns how many of them it has written. At most `bound_bytes` wait; the lines
    beyond, and those that `write` fails for, are dropped and counted.
    """

    def __init__(self, write: Callable[[bytes], int], *, bound_bytes: int = _BOUND_BYTES) -> None:
        self._write = write
        self._bound_bytes = bound_bytes
        self._queue: SimpleQueue[bytes | threading.Event] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._given_bytes = 0  # each of these numbers is changed by one thread alone
        self._taken_bytes = 0
        self._refused = 0
        self._lost = 0
        self._over: bytes | None = None  # the first line of the next chunk
        self._is_cut = False  # a line was written in part

    @property
    def dropped(self) -> int:
        """How many lines were never written."""
        return self._refused + self._lost

    def put(self, line: bytes) -> None:
        """Have a line, with its end, written; at once, if nothing is in its way. Never waits."""
        if self._given_bytes - self._taken_bytes + len(line) > self._bound_bytes:
            self._refused += 1
            return
        self._given_bytes += len(line)
        self._queue.put(line)
        if self._thread is None:
            # A daemon, for it may be held in a write for ever.
            self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
            self._thread.start()

    @property
    def is_behind(self) -> bool:
        """Whether lines wait."""
        return self._given_bytes > self._taken_bytes

    def flush(self, timeout_s: float) -> None:
        """Wait until all lines are written that were put before, or the time is over."""
        if self._thread is not None:
            written = threading.Event()
            self._queue.put(written)
            written.wait(timeout_s)

    def _run(self) -> None:
        while True:
            lines, flushed = self._take()
            if lines:
                self._write_out(lines)
                self._taken_bytes += sum(map(len, lines))
            if flushed is not None:
                flushed.set()

    def _take(self) -> tuple[list[bytes], threading.Event | None]:
        """Return the lines that wait, a chunk at most, and whoever wants to know that they are out."""
        lines: list[bytes] = []
        size = 0
        taken = self._over or self._queue.get()
        self._over = None
        while isinstance(taken, bytes):
            size += len(taken)
            if lines and size > _CHUNK_BYTES:
                self._over = taken
                return lines, None
            lines.append(taken)
            try:
                taken = self._queue.get_nowait()
            except Empty:
                return lines, None
        return lines, taken

    def _write_out(self, lines: list[bytes]) -> None:
        start = b"\n" if self._is_cut else b""
        content = start + b"".join(lines)
        done = 0
        try:
            while done < len(content):
                done += self._write(content[done:])
        except Exception:  # whatever is wrong with the stream is no matter of whoever has something to say
            self._lost += content.count(b"\n", max(done, len(start)))
        if done:
            self._is_cut = content[done - 1 : done] != b"\n"


def let_drop(descriptor: int) -> None:
    """Have whoever writes to a full pipe drop what he writes, and not wait: libraries in C write as well.

    Other programs that have the same pipe wait as before.
    """
    with suppress(OSError):  # there is none, or it is of another user
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            again = os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK)
            os.dup2(again, descriptor)
            os.close(again)


def writer_to(stream: TextIO) -> Writer:
    """Return what writes to a stream: to the file under it, where there is one, past what it keeps back."""
    try:
        return _writer_to_file(stream.fileno())
    except (OSError, AttributeError, ValueError):

        def write(content: bytes) -> int:
            stream.write(content.decode(errors="replace"))
            stream.flush()
            return len(content)

        return Writer(write)


@cache
def _writer_to_file(descriptor: int) -> Writer:
    return Writer(lambda content: _write_some(descriptor, content))


def _write_some(descriptor: int, content: bytes) -> int:
    while True:
        with suppress(BlockingIOError):
            return os.write(descriptor, content)
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        poll.poll(_RETRY_MS)
