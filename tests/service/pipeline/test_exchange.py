"""A request that waits for the model: all hear something, once, and one who fails takes nobody along."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from bundle.normalizer import FloatArray
from service.engine.batcher import Batcher
from service.engine.cost import Cost
from service.engine.lanes import Lanes
from service.errors import InvalidRequestError, OverloadedError
from service.observe.metrics import Metrics
from service.pipeline.exchange import Exchange
from service.pipeline.telemetry import Telemetry
from service.repository.resolver import Bound
from service.repository.servable import Servable
from service.wire import native
from service.wire.message import Body, Headers
from service.wire.protocol import Asked, Codec, Decoded, Scores
from service.wire.protocols import refuse
from service.wire.target import Target
from tests.service.metrics_text import sample
from tests.service.wire.tensors.signatures import of_numbers

TEXT = [(b"content-type", b"text/plain")]


class Echo:
    """Answers a row with itself, and breaks on a negative one."""

    def predict(self, rows: FloatArray) -> FloatArray:
        if (rows < 0).any():
            raise RuntimeError("the graph broke")
        return rows.copy()


class Plain:
    """Writes the first number of an answer, and cannot write seven."""

    def least_rows(self, asked: Asked, size: int) -> int:
        return 1

    def holds_up(self, asked: Asked, size: int) -> bool:
        return False

    def decode(self, asked: Asked, body: Body) -> Decoded:
        return Decoded(np.frombuffer(body, np.float32).reshape(1, 2))

    def encode(self, form: Any, scores: Scores) -> tuple[Headers, bytes]:
        if scores.probabilities[0, 0] == 7:
            raise ValueError("seven cannot be encoded")
        return list(TEXT), str(scores.probabilities[0, 0]).encode()


@dataclass
class Client:
    """Takes down what is written to it, and may fail where it is written to."""

    fails: bool = False
    written: list[tuple[int, Headers, bytes]] = field(default_factory=list)

    def answer(self, _: Exchange, headers: Headers, content: bytes, /) -> None:
        self._write(200, headers, content)

    def refuse(self, exchange: Exchange, error: BaseException, /) -> int:
        self._write(*refuse(exchange.protocol, error))
        return self.written[-1][0]

    def _write(self, status: int, headers: Headers, content: bytes) -> None:
        self.written.append((status, headers, content))
        if self.fails:
            raise BrokenPipeError(32, "Broken pipe")


@dataclass
class There:
    """A variant that echoes, and how what was asked of it is counted."""

    servable: Servable
    metrics: Metrics
    telemetry: Telemetry

    def ask(self, client: Client, number: float, *, timeout_ms: float | None = None) -> Exchange:
        exchange = self.exchange(client, timeout_ms=timeout_ms)
        exchange.rows, exchange.size = np.full((1, 2), number, np.float32), 1
        exchange.decode_s, exchange.queued = 0.0, perf_counter()
        self.servable.batcher.submit(exchange)
        return exchange

    def exchange(self, client: Client, *, timeout_ms: float | None = None) -> Exchange:
        asked = Asked(Target(), timeout_ms=timeout_ms)
        exchange = Exchange(client, self.telemetry, native, asked, perf_counter(), None)
        codec: Codec = Plain()
        exchange.bound = Bound(self.servable, codec)
        return exchange

    def count(self, outcome: object) -> float:
        series = f'requests_total{{model="digits",outcome="{outcome}",variant="int8"}}'
        return sample(self.metrics.exposition().decode(), series)


@pytest.fixture
def there() -> Iterator[There]:
    lanes = Lanes(1, inline_us=1e9, waiting_rows=100, waiting_us=1e12)
    batcher = Batcher(Echo(), Echo, cost=Cost(0.0, 1.0), lanes=lanes, observe=lambda rows, took_s: None)
    metrics = Metrics(lambda: 0)
    servable = Servable(of_numbers(2), batcher, metrics.variant("digits", "int8"))
    yield There(servable, metrics, Telemetry(metrics, None, server_timing=False))
    lanes.close()


def run(body: Callable[[], Any]) -> None:
    """Run what submits, and the turns of the loop in which it is answered."""

    async def go() -> None:
        body()
        for _ in range(2):
            await asyncio.sleep(0)

    asyncio.run(go())


def test_all_that_wait_are_answered_in_the_next_turn(there: There) -> None:
    first, second = Client(), Client()

    def body() -> None:
        there.ask(first, 1.0)
        there.ask(second, 2.0)
        assert not first.written

    run(body)
    assert first.written == [(200, TEXT, b"1.0")]
    assert second.written[0][2] == b"2.0"
    assert there.count(200) == 2


def test_a_hurried_answer_is_written_at_once(there: There) -> None:
    client = Client()

    def body() -> None:
        exchange = there.ask(client, 1.0)
        exchange.hurry()
        assert exchange.is_over
        assert len(client.written) == 1

    run(body)
    assert len(client.written) == 1


def test_a_dropped_one_is_not_written_and_strands_nobody(there: There) -> None:
    gone, stays = Client(), Client()

    def body() -> None:
        there.ask(gone, 1.0).drop()
        there.ask(stays, 2.0)

    run(body)
    assert gone.written == []
    assert stays.written[0][0] == 200
    assert (there.count("disconnected"), there.count(200)) == (1, 1)


def test_an_answer_that_cannot_be_encoded_is_a_500_of_its_own(there: There) -> None:
    bad, good = Client(), Client()

    def body() -> None:
        there.ask(bad, 7.0)
        there.ask(good, 1.0)

    run(body)
    assert bad.written[0][0] == 500
    assert json.loads(bad.written[0][2])["detail"] == "internal error"
    assert good.written[0][0] == 200
    assert (there.count(500), there.count(200)) == (1, 1)


@pytest.mark.parametrize("number", [1.0, 7.0, -1.0, float("inf")], ids=["answer", "500", "broken", "422"])
@pytest.mark.parametrize("fault", ["write", "count"])
def test_what_cannot_be_written_or_counted_is_tried_once_and_costs_nobody_theirs(
    there: There, fault: str, number: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, bad, after = Client(), Client(fails=fault == "write"), Client()
    if fault == "count":
        full = OSError(28, "No space left on device")
        monkeypatch.setattr(there.metrics, "outcome", lambda *_: _raise(full))
        monkeypatch.setattr(there.servable.metrics, "observe_answer", lambda *_: _raise(full))

    def body() -> None:
        for client, what in ((before, 1.0), (bad, number), (after, 2.0)):
            there.ask(client, what)

    run(body)
    statuses = {500} if number < 0 else {200}  # of a call that breaks, all hear
    assert {client.written[0][0] for client in (before, after)} == statuses
    assert len(before.written) == len(bad.written) == len(after.written) == 1
    there.servable.batcher.check_room(1)
    if fault == "write":
        assert there.count("disconnected") == 1


def test_an_expired_one_that_cannot_be_written_costs_nobody_the_answer(there: There) -> None:
    bad, good = Client(fails=True), Client()

    def body() -> None:
        there.ask(bad, 1.0, timeout_ms=1e-6)
        there.ask(good, 2.0)

    run(body)
    assert [client.written[0][0] for client in (bad, good)] == [504, 200]


def test_a_call_that_fails_is_a_500_to_all_who_shared_it_and_to_nobody_after(there: There) -> None:
    bad, unlucky, after = Client(), Client(), Client()

    def body() -> None:
        there.ask(bad, -1.0)
        there.ask(unlucky, 1.0).hurry()
        there.ask(after, 2.0)

    run(body)
    assert [client.written[0][0] for client in (bad, unlucky, after)] == [500, 500, 200]
    assert b"graph broke" not in bad.written[0][2]


def test_a_model_without_a_finite_answer_is_a_422_once(there: There) -> None:
    client = Client()
    run(lambda: there.ask(client, float("inf")))
    assert [status for status, _, _ in client.written] == [422]
    assert there.count(422) == 1
    assert there.servable.batcher.calls == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [(InvalidRequestError("no"), 422), (OverloadedError("full", retry_after_s=3), 503)],
    ids=["invalid", "overloaded"],
)
def test_errors_become_the_problems_that_they_are(there: There, error: Exception, status: int) -> None:
    client = Client()
    there.exchange(client).fail(error)
    ((given, headers, content),) = client.written
    assert given == json.loads(content)["status"] == status
    assert (b"content-type", b"application/problem+json") in headers
    assert ((b"retry-after", b"3") in headers) == (status == 503)
    assert there.count(status) == 1


def test_what_is_over_hears_nothing_more(there: There) -> None:
    client = Client()
    exchange = there.exchange(client)
    exchange.fail(InvalidRequestError("no"))
    exchange.fail(InvalidRequestError("no"))
    exchange.drop()
    assert len(client.written) == 1
    assert (there.count(422), there.count("disconnected")) == (1, 0)


def _raise(error: Exception) -> None:
    raise error
