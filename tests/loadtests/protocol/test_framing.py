from __future__ import annotations

import pytest

from loadtests.errors import WireError
from loadtests.protocol.framing import Answer, whole

PLAIN = b"HTTP/1.1 503 Busy\r\nServer: x\r\nContent-Length: 2\r\nRetry-After: 1\r\n\r\nno"


def test_a_plain_answer_is_read_at_once_as_llhttp_reads_it() -> None:
    answer = Answer()
    answer.read(PLAIN)
    assert answer.is_complete
    assert not answer.is_last
    assert whole(PLAIN) == (answer.status, bytes(answer.body)) == (503, b"no")


@pytest.mark.parametrize(
    "piece",
    [
        PLAIN[:-1],
        PLAIN[:30],
        PLAIN + b"x",
        b"",
        PLAIN.replace(b"1.1", b"1.0"),
        PLAIN.replace(b"503", b"5030"),
        PLAIN.replace(b"503", b"100"),
        PLAIN.replace(b"503", b"204"),
        PLAIN.replace(b"503", b"304"),
        PLAIN.replace(b"Content-Length", b"X-Content-Length"),
        PLAIN.replace(b"Length: 2", b"Length: 2x"),
        PLAIN.replace(b"Server: x", b"Content-Length: 2"),
        PLAIN.replace(b"Server: x", b"Connection: close"),
        PLAIN.replace(b"Server: x", b"transfer-encoding: chunked"),
        PLAIN.replace(b"Server: x", b"Server: x\r\n folded"),
    ],
)
def test_whatever_else_comes_is_left_to_llhttp(piece: bytes) -> None:
    assert whole(piece) is None


def test_an_answer_that_is_announced_is_waited_for() -> None:
    answer = Answer()
    answer.read(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert not answer.is_complete
    answer.read(PLAIN)
    assert (answer.status, bytes(answer.body)) == (503, b"no")


def test_a_second_answer_is_not_taken_for_a_part_of_the_first() -> None:
    answer = Answer()
    answer.read(PLAIN)
    with pytest.raises(WireError, match="more came than one answer"):
        answer.read(PLAIN)
    assert (answer.status, bytes(answer.body)) == (503, b"no")
