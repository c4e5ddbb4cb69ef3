"""Lines that are written without keeping anybody waiting."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator

import pytest

from service.observe.writer import Writer, writer_to
from tests.patience import PATIENCE_S

LINE = b"x" * 99 + b"\n"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(writer)


def read_all(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read()


def to(descriptor: int, *, bound_bytes: int) -> Writer:
    return Writer(lambda content: os.write(descriptor, content), bound_bytes=bound_bytes)


def test_what_is_put_is_written_in_its_order() -> None:
    reader, descriptor = os.pipe()
    lines = [f"{number} {'x' * (number % 7000)}\n".encode() for number in range(0, 50_000, 250)]
    read: list[bytes] = []
    reading = threading.Thread(target=lambda: read.append(read_all(reader)))
    reading.start()
    writer = to(descriptor, bound_bytes=2**24)
    for line in lines:
        writer.put(line)
    writer.flush(PATIENCE_S)
    os.close(descriptor)
    reading.join(PATIENCE_S)
    assert b"".join(read) == b"".join(lines)
    assert (writer.dropped, writer.is_behind) == (0, False)


def test_where_nobody_reads_lines_are_dropped_and_counted_and_nobody_waits(pipe: tuple[int, int]) -> None:
    reader, descriptor = pipe
    writer = to(descriptor, bound_bytes=1000 * len(LINE))
    puts = 4000  # more than wait and are in the pipe
    for _ in range(puts):
        writer.put(LINE)
    writer.flush(0.0)
    assert writer.dropped > 0
    os.set_blocking(reader, True)
    read = b""
    while len(read) < (puts - writer.dropped) * len(LINE):
        read += os.read(reader, 65_536)
    assert read == LINE * (puts - writer.dropped)  # whole lines, and those that are not counted
    writer.flush(PATIENCE_S)
    writer.put(b"after\n")
    assert os.read(reader, 100) == b"after\n"
    os.close(reader)


def test_a_stream_that_fails_costs_the_lines_and_raises_nothing(pipe: tuple[int, int]) -> None:
    reader, descriptor = pipe
    os.close(reader)
    writer = to(descriptor, bound_bytes=10_000)
    for _ in range(3):
        writer.put(LINE)
    writer.flush(PATIENCE_S)
    assert writer.dropped == 3
    assert not writer.is_behind


def test_a_line_that_was_cut_is_ended_before_the_next_and_counted() -> None:
    written = bytearray()
    room = [150, 0, 1000]  # of the disk, each time that somebody writes

    def write(content: bytes) -> int:
        if not (free := room.pop(0)):
            raise OSError(28, "No space left on device")
        written.extend(content[:free])
        return min(free, len(content))

    writer = Writer(write)
    for line in (LINE + LINE + LINE, LINE):
        writer.put(line)
        writer.flush(PATIENCE_S)
    assert bytes(written) == LINE + LINE[:50] + b"\n" + LINE
    assert writer.dropped == 2


def test_a_file_that_its_other_owner_has_set_to_non_blocking_is_waited_for() -> None:
    reader, descriptor = os.pipe()
    os.set_blocking(descriptor, False)
    with os.fdopen(descriptor, "w") as stream:
        writer = writer_to(stream)
        for _ in range(2000):
            writer.put(LINE)
        read = b""
        while len(read) < 2000 * len(LINE):
            read += os.read(reader, 65_536)
    os.close(reader)
    assert writer.dropped == 0


def test_a_stream_without_a_file_is_written_to_all_the_same() -> None:
    stream = io.StringIO()
    writer = writer_to(stream)
    writer.put(b"one\n")
    writer.flush(PATIENCE_S)
    assert stream.getvalue() == "one\n"
