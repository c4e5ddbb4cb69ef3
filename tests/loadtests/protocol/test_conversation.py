"""One client against a server that does with its connections what a script says."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from loadtests.errors import WireError
from loadtests.protocol.conversation import Conversation
from loadtests.protocol.endpoint import Endpoint
from tests.patience import PATIENCE_S

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LAST = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody"
RESET = struct.pack("ii", 1, 0)  # to linger for no time at all


class Script:
    """A server of connections that come one after the other."""

    def __init__(self, connections: Sequence[Sequence[bytes]]) -> None:
        """For each connection, the answers that it gives to its first requests.

        An empty one is to hang up after having read the request, `RESET` to reset the connection then. After
        the last it is closed.
        """
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = Endpoint(f"http://127.0.0.1:{self.listener.getsockname()[1]}")
        self.requests = 0
        self.closed = [threading.Event() for _ in connections]
        self._connections = connections
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def end(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self._thread.join()

    def _serve(self) -> None:
        for answers, closed in zip(self._connections, self.closed, strict=True):
            try:
                accepted, _ = self.listener.accept()
            except OSError:
                return
            with accepted:
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for answer in answers:
                    if not accepted.recv(1024):
                        break
                    self.requests += 1
                    if answer == RESET:
                        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    elif answer:
                        accepted.sendall(answer)
            closed.set()


@contextmanager
def _script(*connections: Sequence[bytes]) -> Iterator[Script]:
    script = Script(connections)
    try:
        yield script
    finally:
        script.end()


@pytest.fixture
def reconnections() -> list[None]:
    """One for each connection that took the place of another."""
    return []


@pytest.fixture
def conversing(reconnections: list[None]) -> Callable[..., Conversation]:
    def begin(script: Script, *, is_patient: bool = False) -> Conversation:
        return Conversation(
            script.endpoint,
            timeout_s=PATIENCE_S,
            is_patient=is_patient,
            on_reconnection=lambda: reconnections.append(None),
        )

    return begin


def test_a_connection_that_ends_as_was_announced_is_followed_by_another(
    conversing: Callable[..., Conversation], reconnections: list[None]
) -> None:
    with _script([LAST], [ANSWER, LAST], [ANSWER]) as script, conversing(script) as client:
        assert [client.exchange(REQUEST) for _ in range(4)] == [(200, b"ok")] * 4
    assert (script.requests, len(reconnections)) == (4, 2)


def test_a_connection_that_was_closed_in_a_pause_is_noticed_before_anything_is_sent(
    conversing: Callable[..., Conversation], reconnections: list[None]
) -> None:
    with _script([ANSWER], [ANSWER]) as script, conversing(script) as client:
        client.exchange(REQUEST)
        script.closed[0].wait()
        client.look()
        assert client.exchange(REQUEST) == (200, b"ok")
    assert (script.requests, len(reconnections)) == (2, 1)


def test_a_request_that_was_sent_on_a_closed_connection_is_sent_again_on_another(
    conversing: Callable[..., Conversation], reconnections: list[None]
) -> None:
    with _script([ANSWER], [ANSWER]) as script, conversing(script) as client:
        client.exchange(REQUEST)
        script.closed[0].wait()
        assert client.exchange(REQUEST) == (200, b"ok")
    assert (script.requests, len(reconnections)) == (2, 1)


@pytest.mark.parametrize("end", [b"", RESET])
def test_a_request_that_may_have_been_read_fails_and_is_not_sent_again(
    end: bytes, conversing: Callable[..., Conversation], reconnections: list[None]
) -> None:
    with _script([ANSWER, end], [ANSWER]) as script, conversing(script) as client:
        client.exchange(REQUEST)
        with pytest.raises((WireError, ConnectionResetError)):
            client.exchange(REQUEST)
        assert script.requests == 2
        assert client.exchange(REQUEST) == (200, b"ok")
    assert len(reconnections) == 0  # what comes after a failure is no reconnection


@pytest.mark.parametrize("end", [b"", RESET])
def test_whoever_is_patient_asks_again_once(end: bytes, conversing: Callable[..., Conversation]) -> None:
    with _script([ANSWER, end], [ANSWER]) as script, conversing(script, is_patient=True) as client:
        client.exchange(REQUEST)
        assert client.exchange(REQUEST) == (200, b"ok")
    with _script([ANSWER, end], [end], [ANSWER]) as script, conversing(script, is_patient=True) as client:
        client.exchange(REQUEST)
        with pytest.raises((WireError, ConnectionResetError)):
            client.exchange(REQUEST)
        assert script.requests == 3


@pytest.mark.parametrize("is_patient", [True, False])
def test_half_an_answer_is_never_asked_for_again(
    is_patient: bool, conversing: Callable[..., Conversation]
) -> None:
    with (
        _script([ANSWER, ANSWER[:-1]], [ANSWER]) as script,
        conversing(script, is_patient=is_patient) as client,
    ):
        client.exchange(REQUEST)
        with pytest.raises(WireError, match="closed in the middle of an answer"):
            client.exchange(REQUEST)
        assert script.requests == 2


def test_a_service_that_closes_after_as_many_answers_again_is_not_sent_more_on_one_connection(
    conversing: Callable[..., Conversation], reconnections: list[None]
) -> None:
    with (
        _script([ANSWER] * 2, [ANSWER] * 2, [ANSWER, ANSWER, b""], [ANSWER]) as script,
        conversing(script) as client,
    ):
        for closed in script.closed[:2]:
            client.exchange(REQUEST)
            client.exchange(REQUEST)
            closed.wait()
        assert [client.exchange(REQUEST) for _ in range(3)] == [(200, b"ok")] * 3
    assert (script.requests, len(reconnections)) == (7, 3)
