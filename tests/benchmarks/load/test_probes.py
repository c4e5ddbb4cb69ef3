"""Probes are sent over new connections while something else goes on, and each is told of."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from time import perf_counter

import pytest

from benchmarks.errors import ProcessError
from benchmarks.load.probes import Probe, Probes, prober
from tests.patience import PATIENCE_S

ALIVE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
FULL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


class Server:
    """Answers one request a connection, with what it has for it; the last stands for all that follow."""

    def __init__(self, answers: list[bytes]) -> None:
        self._answers = answers
        self._lock = threading.Lock()
        self.heard: list[bytes] = []
        self.has_heard_three = threading.Event()

    def answer(self, request: bytes) -> bytes:
        with self._lock:
            self.heard.append(request)
            if len(self.heard) == 3:
                self.has_heard_three.set()
            return self._answers[min(len(self.heard), len(self._answers)) - 1]


@contextmanager
def serving(*answers: bytes) -> Iterator[tuple[str, Server]]:
    server = Server(list(answers))

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(server.answer(self.request.recv(4096)))

    class Threads(ThreadingTCPServer):
        daemon_threads = True

    with Threads(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.server_address[1]}", server
        finally:
            listening.shutdown()


def test_each_probe_has_a_connection_of_its_own_and_a_time_within_that_of_the_block(tmp_path: Path) -> None:
    with serving(ALIVE) as (host, server), prober(host, log=tmp_path / "log", core=None) as ask:
        begun = perf_counter()
        with ask.probing() as probes:
            assert server.has_heard_three.wait(PATIENCE_S)
        ended = perf_counter()
        assert len(probes.all) == len(probes.took_ms) == len(server.heard) >= 3
        assert all(request.startswith(b"GET /health/live HTTP/1.1\r\n") for request in server.heard)
        assert all(begun < one.begun < one.ended < ended for one in probes.all)
        with ask.probing() as again:  # what it has told is not told again
            pass
        assert 1 <= len(again.all) < 3 + len(server.heard) - len(probes.all)
        assert all(one.begun > ended for one in again.all)


def test_a_probe_that_is_refused_has_failed(tmp_path: Path) -> None:
    with serving(ALIVE, FULL, ALIVE) as (host, server), prober(host, log=tmp_path / "log", core=None) as ask:
        with ask.probing() as probes:
            assert server.has_heard_three.wait(PATIENCE_S)
        assert probes.failed == 1
        assert len(probes.took_ms) == len(probes.all) - 1


def test_where_nobody_listens_every_probe_has_failed(unused_address: str, tmp_path: Path) -> None:
    with prober(unused_address, log=tmp_path / "log", core=None) as ask, ask.probing() as probes:
        pass
    assert probes.failed == len(probes.all) >= 1
    assert probes.took_ms == []


def test_a_prober_that_cannot_probe_tells_why(unused_address: str, tmp_path: Path) -> None:
    with (
        prober(unused_address, path="/\udc80", log=tmp_path / "log", core=None) as ask,
        pytest.raises(ProcessError, match=r"the prober brought no result:\n(.*\n)*UnicodeEncodeError"),
        ask.probing(),
    ):
        pass


def test_a_probe_belongs_to_the_time_in_which_it_waited() -> None:
    early, across, late = (Probe(*times, is_answered=True) for times in ((0, 1), (1, 5), (6, 7)))
    assert Probes([early, across, late]).between(2, 6).all == [across]
    assert Probes([early, across, late]).took_ms == [1000, 4000, 1000]
