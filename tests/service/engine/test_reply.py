"""An answer without a task: everybody hears something, and one who fails takes nobody along."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pytest

from bundle.normalizer import FloatArray
from service.engine.batcher import Batcher
from service.engine.cost import Cost
from service.engine.job import Answer
from service.engine.lanes import Lanes
from service.engine.reply import Reply
from service.errors import InvalidRequestError, OverloadedError
from service.wire import native
from service.wire.message import Headers
from service.wire.protocols import refuse


class Echo:
    """Answers a row with itself, and breaks on a negative one."""

    def predict(self, rows: FloatArray) -> FloatArray:
        if (rows < 0).any():
            raise RuntimeError("the graph broke")
        return rows.copy()


class Client:
    """Takes down what is written to it, and what is noted of it."""

    def __init__(self) -> None:
        self.written: list[tuple[int, Headers, bytes]] = []
        self.noted: list[str] = []

    def write(self, status: int, headers: Headers, content: bytes) -> None:
        self.written.append((status, headers, content))

    def note(self, outcome: str) -> None:
        self.noted.append(outcome)


Ask = Callable[[Client, float], Reply]


@pytest.fixture
def batcher() -> Iterator[Batcher]:
    lanes = Lanes(1, inline_us=1e9, waiting_rows=100, waiting_us=1e12)
    yield Batcher(Echo(), Echo, cost=Cost(0.0, 1.0), lanes=lanes, observe=lambda rows, took_s: None)
    lanes.close()


def encode(answer: Answer) -> tuple[Headers, bytes]:
    if answer.probabilities[0, 0] == 7:
        raise ValueError("seven cannot be encoded")
    return [(b"content-type", b"text/plain")], str(answer.probabilities[0, 0]).encode()


@pytest.fixture
def ask(batcher: Batcher) -> Ask:
    def ask(client: Client, number: float) -> Reply:
        reply = Reply(batcher, encode, partial(refuse, native), client.write, client.note)
        batcher.submit_for(reply, np.full((1, 2), number, np.float32), None)
        return reply

    return ask


async def turn() -> None:
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def test_all_that_wait_are_answered_in_the_next_turn(ask: Ask) -> None:
    first, second = Client(), Client()

    async def go() -> None:
        ask(first, 1.0)
        ask(second, 2.0)
        assert not first.written
        await turn()

    asyncio.run(go())
    assert first.written == [(200, [(b"content-type", b"text/plain")], b"1.0")]
    assert second.written[0][2] == b"2.0"
    assert first.noted == second.noted == ["200"]


def test_a_hurried_answer_is_written_at_once(ask: Ask) -> None:
    client = Client()

    async def go() -> None:
        reply = ask(client, 1.0)
        reply.hurry()
        assert reply.done()
        assert len(client.written) == 1
        await turn()

    asyncio.run(go())
    assert len(client.written) == 1


def test_a_dropped_one_is_not_written_and_strands_nobody(ask: Ask) -> None:
    gone, stays = Client(), Client()

    async def go() -> None:
        ask(gone, 1.0).drop()
        ask(stays, 2.0)
        await turn()

    asyncio.run(go())
    assert (gone.written, gone.noted) == ([], ["disconnected"])
    assert stays.written[0][0] == 200


def test_an_answer_that_cannot_be_encoded_is_a_500_of_its_own(ask: Ask) -> None:
    bad, good = Client(), Client()

    async def go() -> None:
        ask(bad, 7.0)
        ask(good, 1.0)
        await turn()

    asyncio.run(go())
    assert bad.written[0][0] == 500
    assert json.loads(bad.written[0][2])["detail"] == "internal error"
    assert good.written[0][0] == 200


class Failing(Client):
    """Cannot be written to, or cannot be counted."""

    def __init__(self, *, write: bool = False, note: bool = False) -> None:
        super().__init__()
        self._writes, self._notes = not write, not note

    def write(self, status: int, headers: Headers, content: bytes) -> None:
        super().write(status, headers, content)
        if not self._writes:
            raise BrokenPipeError(32, "Broken pipe")

    def note(self, outcome: str) -> None:
        super().note(outcome)
        if not self._notes:
            raise OSError(28, "No space left on device")


@pytest.mark.parametrize("number", [1.0, 7.0, -1.0, float("inf")], ids=["answer", "500", "broken", "422"])
@pytest.mark.parametrize("bad", [Failing(write=True), Failing(note=True)], ids=["write", "note"])
def test_an_answer_that_cannot_be_written_or_counted_is_tried_once_and_costs_nobody_theirs(
    batcher: Batcher, ask: Ask, bad: Failing, number: float
) -> None:
    before, after = Client(), Client()
    tried, noted = len(bad.written), len(bad.noted)

    async def go() -> None:
        for client, what in ((before, 1.0), (bad, number), (after, 2.0)):
            ask(client, what)
        await turn()
        batcher.check_room(1)

    asyncio.run(go())
    statuses = {500} if number < 0 else {200}  # of a call that breaks, all hear
    assert {client.written[0][0] for client in (before, after)} == statuses
    assert len(before.written) == len(after.written) == 1
    assert (len(bad.written), len(bad.noted)) == (tried + 1, noted + 1)


def test_an_expired_one_that_cannot_be_written_costs_nobody_the_answer(batcher: Batcher, ask: Ask) -> None:
    bad, good = Failing(write=True), Client()

    async def go() -> None:
        reply = Reply(batcher, encode, partial(refuse, native), bad.write, bad.note)
        batcher.submit_for(reply, np.full((1, 2), 1.0, np.float32), 0.0)
        ask(good, 2.0)
        await turn()

    asyncio.run(go())
    assert [client.written[0][0] for client in (bad, good)] == [504, 200]


def test_a_call_that_fails_is_a_500_to_all_who_shared_it_and_to_nobody_after(ask: Ask) -> None:
    bad, unlucky, after = Client(), Client(), Client()

    async def go() -> None:
        ask(bad, -1.0)
        ask(unlucky, 1.0)
        await turn()
        ask(after, 2.0)
        await turn()

    asyncio.run(go())
    assert [client.written[0][0] for client in (bad, unlucky, after)] == [500, 500, 200]
    assert b"graph broke" not in bad.written[0][2]


def test_a_model_without_a_finite_answer_is_a_422(ask: Ask) -> None:
    client = Client()

    async def go() -> None:
        ask(client, float("inf"))
        await turn()

    asyncio.run(go())
    assert client.written[0][0] == 422
    assert client.noted == ["422"]


@pytest.mark.parametrize(
    ("error", "status"),
    [(InvalidRequestError("no"), 422), (OverloadedError("full", retry_after_s=3), 503)],
    ids=["invalid", "overloaded"],
)
def test_errors_become_the_problems_that_they_are(batcher: Batcher, error: Exception, status: int) -> None:
    client = Client()
    Reply(batcher, encode, partial(refuse, native), client.write, client.note).set_exception(error)
    given, headers, content = client.written[0]
    assert given == json.loads(content)["status"] == status
    assert (b"content-type", b"application/problem+json") in headers
    assert ((b"retry-after", b"3") in headers) == (status == 503)
