"""The closed loop in Python counts what it was answered, and every way in which it was not."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

import pytest

from loadtests.rig.child import program
from loadtests.rig.ports import free_port
from tests.patience import PATIENCE_S

SECONDS = 1.0  # in which even a busy machine answers some requests
CONTENT = b"POST /predict HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\n{}"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CLOSING = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"

Answer = Callable[[int], bytes | None]
"""What the server answers to its n-th request; None: it hangs up."""


@contextmanager
def serving(answer: Answer) -> Iterator[int]:
    """Serve on a port until the block is left. An empty answer never comes."""
    count = 0
    lock = threading.Lock()
    left = threading.Event()

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            nonlocal count
            while self.rfile.read(len(CONTENT)) == CONTENT:
                with lock:
                    count += 1
                    told = answer(count)
                if told is None:
                    return
                if told == b"":
                    left.wait()
                    return
                self.wfile.write(told)
                if told == CLOSING:
                    return

    class Server(ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            left.set()
            server.shutdown()


def found_at(port: int, folder: Path, *, connections: int = 2, timeout_s: float = 20.0) -> dict[str, Any]:
    """Run the program for a moment, and return what it printed."""
    content = folder / "content"
    content.write_bytes(CONTENT)
    told = ("127.0.0.1", port, content, 1, connections, SECONDS, timeout_s)
    command = program("benchmarks.load.closed_loop", *map(str, told))
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def errors(found: dict[str, Any]) -> dict[str, int]:
    return {name: found[name] for name in ("connect", "read", "write", "status", "timeout") if found[name]}


@pytest.mark.parametrize("answer", [ANSWER, CLOSING], ids=["keeps the connection", "closes it"])
def test_every_answer_counts_whether_or_not_the_connection_is_kept(answer: bytes, tmp_path: Path) -> None:
    asked = 0

    def count(number: int) -> bytes:
        nonlocal asked
        asked = number
        return answer

    with serving(count) as port:
        found = found_at(port, tmp_path)
    assert errors(found) == {}
    assert (
        2 < found["requests"] <= asked <= found["requests"] + 2
    )  # the last of each connection may be cut off
    assert 0 < found["p50_us"] <= found["p99_us"]
    assert found["duration_us"] == pytest.approx(SECONDS * 1e6, rel=0.5)
    assert 0 < found["cpu"] <= 1


def test_an_answer_of_another_status_is_an_error(tmp_path: Path) -> None:
    refusal = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
    with serving(lambda number: refusal if number % 10 == 5 else ANSWER) as port:
        found = found_at(port, tmp_path)
    assert set(errors(found)) == {"status"}
    assert found["status"] == pytest.approx(found["requests"] / 10, abs=1.5)


@pytest.mark.parametrize(
    "answer", [None, b"no HTTP at all\r\n\r\n"], ids=["hangs up", "speaks something else"]
)
def test_a_connection_that_fails_under_a_request_is_an_error(answer: bytes | None, tmp_path: Path) -> None:
    with serving(lambda number: answer if number == 5 else ANSWER) as port:
        found = found_at(port, tmp_path)
    assert errors(found) == {"read": 1}


def test_a_connection_that_failed_is_opened_again_so_that_the_load_stays_what_it_was(tmp_path: Path) -> None:
    with serving(lambda number: None if number == 1 else ANSWER) as port:
        found = found_at(port, tmp_path, connections=1)
    assert errors(found) == {"read": 1}
    assert found["requests"] > 1


def test_an_answer_that_is_overdue_is_an_error(tmp_path: Path) -> None:
    with serving(lambda _: b"") as port:
        found = found_at(port, tmp_path, connections=3, timeout_s=0.1)
    assert errors(found) == {"timeout": 3}
    assert found["requests"] == 0


def test_where_nobody_listens_every_connection_is_an_error(tmp_path: Path) -> None:
    found = found_at(free_port(), tmp_path, connections=3)
    assert errors(found) == {"connect": 3}
