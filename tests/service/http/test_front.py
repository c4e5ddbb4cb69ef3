"""Requests that are answered without a task: the same answers, in order, however the bytes arrive."""

from __future__ import annotations

import json
import select
from contextlib import ExitStack

import httpx
import numpy as np
import psutil
import pytest

from bundle.normalizer import FloatArray
from tests.running_service import RunningService
from tests.service.connection import Connection, RawAnswer, request

OCTETS = "content-type: application/octet-stream"
LONG_BYTES = 400_000  # so that it comes in many pieces
COLLECTED_S = 1.0  # for so long the service collects a body before the application reads on


def one(row: FloatArray) -> bytes:
    """Return a request for the probabilities of one row."""
    return request(row.astype("<f4").tobytes(), OCTETS, query="?model=digits&variant=float32")


def long(rows: FloatArray) -> bytes:
    body = json.dumps({"instances": rows.tolist()}).encode().ljust(LONG_BYTES)
    return request(body, query="?model=digits&variant=float32")


def probabilities(answer: RawAnswer) -> FloatArray:
    assert answer.status == 200, answer.body
    return np.array(json.loads(answer.body)["probabilities"], np.float32)


def test_requests_in_one_packet_are_answered_in_order(
    client: httpx.Client, rows: FloatArray, expected: dict[str, FloatArray]
) -> None:
    with Connection(client) as connection:
        connection.send(b"".join(one(row) for row in rows))
        answers = [probabilities(connection.read()) for _ in rows]
    np.testing.assert_allclose(np.concatenate(answers), expected["float32"], atol=1e-6)


def test_a_slow_request_is_not_overtaken_by_a_quick_one_behind_it(
    client: httpx.Client, rows: FloatArray, expected: dict[str, FloatArray]
) -> None:
    wrong = request(b"x", query="?model=digits")
    with Connection(client) as connection:
        connection.send(one(rows[0]) + long(rows[1:3]) + wrong + one(rows[3]))
        answers = [connection.read() for _ in range(4)]
    assert answers[2].status == 400
    got = np.concatenate([probabilities(answer) for answer in answers if answer.status == 200])
    np.testing.assert_allclose(got, expected["float32"][:4], atol=1e-6)


@pytest.mark.parametrize("place", [1, 20, 60, 120, 250, -1])
def test_a_request_may_come_in_two_pieces(
    client: httpx.Client, rows: FloatArray, expected: dict[str, FloatArray], place: int
) -> None:
    whole = one(rows[0])
    with Connection(client) as connection, Connection(client) as other:
        connection.send(whole[:place])
        other.send(one(rows[1]))  # so that the pieces are read in two turns
        other.read()
        connection.send(whole[place:])
        np.testing.assert_allclose(probabilities(connection.read()), expected["float32"][:1], atol=1e-6)


def test_a_long_body_is_answered_as_a_short_one_and_leaves_the_connection_in_order(
    client: httpx.Client, rows: FloatArray, expected: dict[str, FloatArray]
) -> None:
    with Connection(client) as connection:
        for _ in range(3):
            connection.send(long(rows) + one(rows[0]))
            np.testing.assert_allclose(probabilities(connection.read()), expected["float32"], atol=1e-6)
            np.testing.assert_allclose(probabilities(connection.read()), expected["float32"][:1], atol=1e-6)


def test_a_long_body_may_pause(
    client: httpx.Client, rows: FloatArray, expected: dict[str, FloatArray]
) -> None:
    whole = long(rows)
    with Connection(client) as connection:
        connection.send(whole[:200_000])
        nothing, _, _ = select.select([connection.socket], [], [], 1.5 * COLLECTED_S)
        assert not nothing
        connection.send(whole[200_000:])
        np.testing.assert_allclose(probabilities(connection.read()), expected["float32"], atol=1e-6)


def test_a_client_that_leaves_in_a_long_body_disturbs_nobody(client: httpx.Client, rows: FloatArray) -> None:
    for _ in range(5):
        with Connection(client) as gone, Connection(client) as stays:
            gone.send(long(rows)[:200_000])
            stays.send(one(rows[0]))
            assert stays.read().status == 200
    with Connection(client) as connection:
        connection.send(long(rows))
        assert connection.read().status == 200


def test_a_body_longer_than_allowed_is_refused_before_it_is_sent(client: httpx.Client) -> None:
    with Connection(client) as connection:
        connection.send(b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n")
        assert connection.read().status == 413


def test_a_client_that_asks_to_close_is_answered_and_closed(client: httpx.Client, rows: FloatArray) -> None:
    body = rows[:1].astype("<f4").tobytes()
    with Connection(client) as connection:
        connection.send(request(body, OCTETS, "connection: close", query="?model=digits"))
        assert connection.read().status == 200
        assert connection.is_closed()


def test_an_address_longer_than_can_be_read_is_refused_and_not_cut_off(client: httpx.Client) -> None:
    with Connection(client) as connection:
        connection.send(
            b"POST /predict?" + b"a" * 70_000 + b" HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\n"
        )
        assert connection.read().status in (400, 431)


def test_bodies_that_are_announced_and_never_come_take_little_memory(service: RunningService) -> None:
    head = b"POST /predict?model=digits HTTP/1.1\r\nhost: x\r\ncontent-length: 16000000\r\n\r\n"
    with ExitStack() as stack:
        before = psutil.Process(service.process.pid).memory_info().rss
        for _ in range(40):
            stack.enter_context(Connection(service.client)).send(head)
        assert service.client.get("/health/ready").status_code == 200
        assert psutil.Process(service.process.pid).memory_info().rss - before < 150e6
