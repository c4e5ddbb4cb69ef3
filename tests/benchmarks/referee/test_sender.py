"""The client that LoadGen is given sends each request once, and tells what became of all of them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.referee import sender as module
from benchmarks.referee.sender import Sender
from tests.patience import PATIENCE_S, wait_until

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
SHED = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"
CLOSED = b""


class Server:
    """Answers requests of one byte with what stands for them, and counts its connections."""

    def __init__(self, answers: dict[bytes, list[bytes]]) -> None:
        self.answers = answers
        self.asked: list[bytes] = []
        self.connections = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with peer:
            while request := peer.recv(1):
                self.asked.append(request)
                self.may_answer.wait(PATIENCE_S)
                for piece in self.answers[request]:
                    if piece == CLOSED:
                        return
                    peer.sendall(piece)


@contextmanager
def sending(server: Server, requests: list[bytes], over: list[int]) -> Iterator[Sender]:
    with server.listener, Sender("127.0.0.1", server.port, requests, over.extend) as sender:
        yield sender


def test_every_request_is_sent_once_over_connections_that_are_kept() -> None:
    server, over = Server({b"a": [GOOD], b"b": [GOOD]}), list[int]()
    with sending(server, [b"a", b"b"], over) as sender:
        for number in range(200):
            sender.issue(number, number % 2)
        wait_until(lambda: len(over) == 200)
    assert sorted(over) == list(range(200))
    assert (server.asked.count(b"a"), server.asked.count(b"b")) == (100, 100)
    assert sender.failed == 0
    assert server.connections <= 200


def test_an_answer_that_comes_in_pieces_is_one_answer() -> None:
    server, over = Server({b"a": [GOOD[:5], GOOD[5:-1], GOOD[-1:]]}), list[int]()
    with sending(server, [b"a"], over) as sender:
        for number in range(3):
            sender.issue(number, 0)
            wait_until(lambda: len(over) == number + 1)  # noqa: B023 - it is asked before the next
    assert (over, sender.failed) == ([0, 1, 2], 0)


@pytest.mark.parametrize(
    ("answers", "name"),
    [([SHED], "refused"), ([CLOSED], "no answer"), ([b"HTTP/1.1 200 OK\r\n\r\n"], "no length")],
)
def test_what_is_no_success_is_over_as_well_and_counted(answers: list[bytes], name: str) -> None:
    server, over = Server({b"a": answers, b"b": [GOOD]}), list[int]()
    with sending(server, [b"a", b"b"], over) as sender:
        for number in range(40):
            sender.issue(number, number % 2)
        wait_until(lambda: len(over) == 40)
    assert sorted(over) == list(range(40)), name
    assert sender.failed == 20


def test_requests_wait_where_no_more_connections_may_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECTIONS_FIRST", 2)
    monkeypatch.setattr(module, "CONNECTIONS_MAX", 3)
    server, over = Server({b"a": [GOOD], b"b": [CLOSED]}), list[int]()
    server.may_answer.clear()
    with sending(server, [b"a", b"b"], over) as sender:
        for number in range(10):
            sender.issue(number, number == 1)  # the connection of the second is lost, and replaced
        wait_until(lambda: len(server.asked) == 3)
        assert over == []
        server.may_answer.set()
        wait_until(lambda: len(over) == 10)
    assert sorted(over) == list(range(10))
    assert (server.connections, sender.failed) == (4, 1)


def test_what_waits_when_the_server_is_gone_is_over_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECTIONS_FIRST", 1)
    monkeypatch.setattr(module, "CONNECTIONS_MAX", 1)
    server, over = Server({b"a": [CLOSED]}), list[int]()
    server.may_answer.clear()
    with sending(server, [b"a"], over) as sender:
        for number in range(3):
            sender.issue(number, 0)
        wait_until(lambda: len(server.asked) == 1)
        server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
        server.may_answer.set()
        wait_until(lambda: len(over) == 3)
    assert (sorted(over), sender.failed) == ([0, 1, 2], 3)
