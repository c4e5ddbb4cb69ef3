from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bundle.store import ModelStore
from loadtests.client import ServiceClient
from loadtests.errors import ServiceError
from loadtests.payloads import build
from loadtests.probe import Connection, probe
from loadtests.target import target_of
from tests.loadtests.fake_service import INFERENCE_S


def test_the_models_own_time_is_that_of_the_metrics_over_the_same_requests(
    models: Path, start_fake: Callable[..., str]
) -> None:
    bundle = ModelStore(models).open("digits")
    payloads = build(*bundle.test_set(), 2)
    with ServiceClient(start_fake()) as client:
        unloaded = probe(client, target_of(bundle, "int8"), payloads)
        unknown = probe(client, target_of(bundle, "float32"), payloads)
    assert 50 <= unloaded.requests <= 1000
    assert unloaded.model_ms == pytest.approx(INFERENCE_S * 1000)
    assert unloaded.model_share == pytest.approx(INFERENCE_S * 1000 / unloaded.mean_ms)
    assert 0 < unloaded.p50_ms < 1000
    assert unknown.model_ms is None  # the fake has metrics for int8 only
    assert unknown.model_share is None


def test_metrics_that_count_the_requests_of_others_are_not_used(
    models: Path, start_fake: Callable[..., str]
) -> None:
    bundle = ModelStore(models).open("digits")
    target, payloads = target_of(bundle, "int8"), build(*bundle.test_set(), 1)
    over = threading.Event()
    with ServiceClient(start_fake()) as client:

        def bother() -> None:
            with Connection(client.host) as connection:
                request = connection.encode(target.path, payloads.bodies[0])
                while not over.is_set():
                    connection.exchange(request)

        other = threading.Thread(target=bother)
        other.start()
        try:
            assert probe(client, target, payloads).model_ms is None
        finally:
            over.set()
            other.join()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "500 Oops"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "200 OK"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "closed the connection"),
        (b"", "closed the connection"),
        (b"nonsense\r\n\r\n", "nonsense"),
    ],
)
def test_an_answer_that_cannot_be_timed_is_an_error(answer: bytes, reason: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            accepted, _ = listener.accept()
            with accepted:
                accepted.recv(1024)
                accepted.sendall(answer)

        server = threading.Thread(target=serve)
        server.start()
        with Connection(f"http://127.0.0.1:{listener.getsockname()[1]}") as connection:
            with pytest.raises(ServiceError, match=reason):
                connection.exchange(connection.encode("/predict", b"{}"))
            server.join()


def test_an_answer_in_many_pieces_is_put_together() -> None:
    pieces = [b"HTTP/1.1 200", b" OK\r\ncontent-", b"LENGTH: 10\r\n\r", b"\n01234", b"56789"]
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            accepted, _ = listener.accept()
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with accepted:
                accepted.recv(1024)
                for piece in pieces:
                    accepted.sendall(piece)

        server = threading.Thread(target=serve)
        server.start()
        with Connection(f"http://127.0.0.1:{listener.getsockname()[1]}") as connection:
            assert connection.exchange(connection.encode("/predict", b"{}")) == b"0123456789"
        server.join()


def test_a_service_that_is_not_there_is_an_error(unused_address: str) -> None:
    with pytest.raises(ServiceError, match="no service answers at"):
        Connection(unused_address)
