"""What the connection refuses by itself: once for each request, in its turn, and counted."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.patience import wait_until
from tests.running_service import RunningService, running_service
from tests.service.conftest import Hold
from tests.service.connection import CHUNKED, Connection, RawAnswer, request
from tests.service.metrics_text import sample, wait_for

ROW = b'{"instances": [[' + b",".join([b"0"] * 64) + b"]]}"
GOOD = request(ROW)
OCTETS = "content-type: application/octet-stream"
SLOW = request(bytes(256 * 200), OCTETS, query="?variant=int16x8")  # for a thread
HEAD_BYTES = 2000
LARGE = f"x-large: {'a' * HEAD_BYTES}"
BAD_CHUNK = CHUNKED + b"\r\nzz\r\n"


@pytest.fixture(scope="module")
def guarded(digits_alone: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service with a small bound on heads, which writes a line for each request."""
    log = tmp_path_factory.mktemp("guarded") / "log"
    bounds = ("--max-head-bytes", str(HEAD_BYTES), "--max-body-bytes", "1000000", "--access-log", "true")
    with running_service(digits_alone, log, "--preload", "float32,int16x8", *bounds) as service:
        yield service


def answers_to(client: httpx.Client, *pieces: bytes) -> list[RawAnswer]:
    """Send the pieces, and return all that comes back before the connection is closed."""
    with Connection(client) as connection:
        for piece in pieces:
            connection.send(piece)
        answers = []
        while True:
            try:
                answers.append(connection.read())
            except ConnectionError:
                return answers


OUTCOMES = ("400", "405", "431", "disconnected")
DISCONNECTED = 'requests_total{model="",outcome="disconnected",variant=""}'
REFUSED = {
    "large head": (request(ROW, LARGE), 431),
    "large head, chunked": (CHUNKED + LARGE.encode() + b"\r\n\r\n4\r\nabcd\r\n0\r\n\r\n", 431),
    "large query": (request(ROW, query="?" + "a" * HEAD_BYTES), 431),
    "no host": (GOOD.replace(b"host: x\r\n", b""), 400),
    "two hosts": (request(ROW, "host: y"), 400),
    "bad chunk": (BAD_CHUNK, 400),
    "bad chunk, elsewhere": (BAD_CHUNK.replace(b"/predict", b"/models"), 400),
    "not HTTP": (b"what?\r\n\r\n", 400),
    "a tunnel": (b"CONNECT x:80 HTTP/1.1\r\nhost: x\r\n\r\n" + GOOD, 405),
}


@pytest.mark.parametrize(("bad", "status"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("before", [b"", GOOD, SLOW, GOOD + SLOW], ids=["", "quick", "slow", "both"])
def test_a_refusal_is_one_answer_after_those_before_it_and_the_last(
    guarded: RunningService, before: bytes, bad: bytes, status: int
) -> None:
    answers = answers_to(guarded.client, before + bad + GOOD)
    assert [answer.status for answer in answers] == [200] * before.count(b"POST") + [status]
    assert answers[-1].headers["connection"] == "close"
    assert answers[-1].headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("place", [10, HEAD_BYTES // 2, HEAD_BYTES + 60, -len(ROW), -1])
def test_a_large_head_in_two_pieces_is_one_answer(guarded: RunningService, place: int) -> None:
    bad = request(ROW, LARGE)
    with Connection(guarded.client) as connection:
        connection.send(bad[:place])
        guarded.client.get("/health/live")  # so that the pieces are read in two turns
        if place in (10, HEAD_BYTES // 2):
            connection.send(bad[place:])
        assert connection.read().status == 431
        assert connection.is_closed()


@pytest.mark.parametrize("place", [10, 40])
@pytest.mark.parametrize("size", [HEAD_BYTES + 1, 60_000, 200_000])
def test_a_body_that_comes_with_the_end_of_its_head_is_not_taken_for_one(
    guarded: RunningService, place: int, size: int
) -> None:
    content = request(ROW.ljust(size))
    with Connection(guarded.client) as connection:
        connection.send(content[:place])
        guarded.client.get("/health/live")
        connection.send(content[place:])
        assert connection.read().status == 200


def test_a_body_that_goes_wrong_after_its_answer_gets_no_other(guarded: RunningService) -> None:
    chunk = b"%x\r\n" % 1_000_001 + bytes(1_000_001) + b"\r\n"
    with Connection(guarded.client) as connection:
        connection.send(CHUNKED + b"\r\n" + chunk)
        assert connection.read().status == 413
        connection.send(b"zz\r\n")
        assert connection.is_closed()


@pytest.mark.parametrize(
    "piece", [b"x: " + b"y" * 90 + b"\r\n", b"y" * 97], ids=["many trailers", "one trailer without end"]
)
def test_what_follows_a_body_in_chunks_is_bounded_as_a_head_is(guarded: RunningService, piece: bytes) -> None:
    with Connection(guarded.client) as connection:
        connection.send(CHUNKED + b"\r\n4\r\nabcd\r\n0\r\nx-first: ")
        with pytest.raises(OSError, match=r"reset|pipe"):  # noqa: PT012 - the loop is what must end
            while True:
                connection.send(piece)


@pytest.mark.parametrize("offered", ["h2c", "websocket"])
@pytest.mark.parametrize("place", [1, 60, -len(ROW) - 3, -len(ROW), -1])
def test_an_offer_to_change_the_protocol_is_declined_and_the_body_read(
    guarded: RunningService, offered: str, place: int
) -> None:
    offer = (f"upgrade: {offered}", "connection: Upgrade, HTTP2-Settings", "http2-settings: AAMAAABk")
    wanted = request(ROW, *offer)
    with Connection(guarded.client) as connection:
        for _ in range(2):
            connection.send(wanted[:place])
            guarded.client.get("/health/live")  # so that the pieces are read in two turns
            connection.send(wanted[place:] + GOOD + wanted)
            for _ in range(3):
                answer = connection.read()
                assert answer.status == 200, answer.body
                assert len(json.loads(answer.body)["predictions"]) == 1


def outcomes(service: RunningService) -> dict[str, float]:
    text = service.client.get("/metrics").text
    labels = [f'requests_total{{model="",outcome="{name}",variant=""}}' for name in OUTCOMES]
    return {name: sample(text, series) for name, series in zip(OUTCOMES, labels, strict=True)}


@pytest.mark.parametrize(("bad", "status"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_counted_and_logged_once(guarded: RunningService, bad: bytes, status: int) -> None:
    before, lines = outcomes(guarded), log_lines(guarded)
    answers_to(guarded.client, bad)
    if b"/models" not in bad:  # what is asked there is in the log alone
        wanted = before | {str(status): before[str(status)] + 1}
        series = f'requests_total{{model="",outcome="{status}",variant=""}}'
        wait_for(guarded.client, series, lambda value: value >= wanted[str(status)])
        assert outcomes(guarded) == wanted
    mark = uuid.uuid4().hex
    guarded.client.get(f"/models?{mark}")

    def all_of_it() -> list[dict[str, object]]:
        new = log_lines(guarded)[len(lines) :]
        return new if new and new[-1]["query"] == mark else []

    new = wait_until(all_of_it, lambda: log_lines(guarded)[len(lines) :])
    assert [line["outcome"] for line in new if line["path"] != "/metrics"] == [str(status), "200"]


def log_lines(service: RunningService) -> list[dict[str, object]]:
    """Return what was logged of requests, up to now."""
    return [json.loads(line) for line in service.log.read_text().splitlines() if line.startswith("{")]


PART = {
    "half a head": GOOD[:30],
    "a head": GOOD[: -len(ROW)],
    "half a body": GOOD[:-5],
    "half a long body": request(b" " * 900_000)[:400_000],
    "half a body in chunks": CHUNKED + b"\r\n4\r\nabcd\r\n",
    "waiting for 100": request(ROW, "expect: 100-continue")[: -len(ROW)],
}


@pytest.mark.parametrize("part", PART.values(), ids=PART)
@pytest.mark.parametrize("others", [0, 3])
def test_a_client_that_leaves_while_it_sends_is_counted_once(
    guarded: RunningService, part: bytes, others: int
) -> None:
    before = outcomes(guarded)
    for _ in range(1 + others):
        with Connection(guarded.client) as connection:
            connection.send(part)
            guarded.client.get("/health/live")
    wanted = before | {"disconnected": before["disconnected"] + 1 + others}
    wait_for(guarded.client, DISCONNECTED, lambda value: value >= wanted["disconnected"])
    assert outcomes(guarded) == wanted


def test_what_waits_behind_another_when_the_client_leaves_is_counted(
    slow_models: Path, tmp_path: Path, call_hold: Hold
) -> None:
    many = request(bytes(256 * 4000), OCTETS, query="?variant=int16x8")
    arguments = ("--preload", "int16x8", "--threads", "1", "--max-rows", "10000")
    with running_service(
        slow_models, tmp_path / "log", *arguments, environment=call_hold.environment
    ) as service:
        with call_hold.of_calls():
            with Connection(service.client) as connection:
                connection.send(many + GOOD + GOOD)
                wait_for(service.client, "waiting_rows", lambda rows: rows == 4000)
            wait_for(service.client, DISCONNECTED, lambda count: count == 2)
            slow = 'requests_total{model="digits",outcome="disconnected",variant="int16x8"}'
            wait_for(service.client, slow, lambda count: count == 1)
        assert "Traceback" not in service.log.read_text()
