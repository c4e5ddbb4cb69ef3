"""Heads that are known from before: whatever comes, and however it is cut, answers are the same bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from service.http.bodies import Bodies
from service.http.protocol import GuardedProtocol
from service.http.shortcut import Shortcut
from service.pipeline.exchange import Exchange
from service.wire.message import Body
from tests.service.connection import CHUNKED, request
from tests.service.http.listening import GET, Forgetful, Held, Host

TURNS = 8  # of the loop, in which the application has answered


class Echo(Held):
    """Stands in for the pipeline: answers with the model asked for and the body; leaves `later` to others."""

    def begin(self, exchange: Exchange, body: Body, now: float) -> bool:
        if body.startswith(b"later"):
            return False
        exchange.is_over = True
        exchange.encoded = now
        model = str(exchange.asked.target.model).encode()
        exchange.front.answer(exchange, [(b"x-model", model)], bytes(body))
        return True


class Wire(asyncio.Transport):
    """A connection to nobody, which keeps what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def close(self) -> None:
        self.is_closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.is_closed

    def can_write_eof(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        """Do nothing: what was sent is read all the same."""

    def resume_reading(self) -> None:
        """Do nothing."""


def host(kind: type[Shortcut]) -> Host:
    found = Host()
    found.may_answer.set()
    found.shortcut = kind(Echo(), Bodies(100_000_000))  # type: ignore[arg-type] # it stands in for one
    return found


async def answers(kind: type[Shortcut], connections: Iterable[list[bytes]]) -> list[tuple[bytes, bool]]:
    """Return what is written on each connection, one after the other, and whether it was closed."""
    app, found = host(kind), []
    config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none", proxy_headers=False)
    config.load()
    for pieces in connections:
        wire = Wire()
        protocol = GuardedProtocol(config=config, server_state=ServerState(), app_state={})
        protocol.connection_made(wire)
        for piece in pieces:
            if not wire.is_closed:
                protocol.data_received(piece)
            for _ in range(TURNS):
                await asyncio.sleep(0)
        found.append((wire.written, wire.is_closed))
        protocol.connection_lost(None)
    return found


MESSAGES = [
    request(b"one"),
    request(b"two", query="?model=a"),
    request(b"\r\n\r\n", query="?model=a"),
    request(b""),
    request(b"later"),
    request(b"cut", "x-long: " + "y" * 1000),
    request(b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\none"),
    request(b"one", "connection: close"),
    request(b"one", "expect: 100-continue"),
    request(b"one", "connection: upgrade", "upgrade: h2c"),
    request(b"one", "content-length: 3"),
    request(b"one", "host: y"),
    request(b"one", version="1.0"),
    request(b"one", query="#x"),
    request(b"one").replace(b"POST", b"PUT"),
    request(b"one").replace(b"\r\n", b"\n"),
    request(b"one").replace(b"content-length: 3", b"content-length: 2"),
    request(b"one").replace(b"content-length: 3", b"content-length: 9"),
    CHUNKED + b"\r\n3\r\none\r\n0\r\n\r\n",
    CHUNKED + b"content-length: 3\r\n\r\n3\r\none\r\n0\r\n\r\n",
    GET,
    b"\r\n",
    b"\r\n\r\n",
    b"what?\r\n\r\n",
    b"POST /predict HTTP/1.1\r\n",
]
ORDINARY = st.sampled_from(MESSAGES[:5])


@st.composite
def conversations(draw: st.DrawFn) -> list[bytes]:
    """Draw the pieces in which some messages come: one each, or cut and joined anywhere."""
    messages = draw(st.lists(ORDINARY | st.sampled_from(MESSAGES), min_size=1, max_size=6))
    if draw(st.booleans()):
        return messages
    whole = b"".join(messages)
    places = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    return [whole[a:b] for a, b in zip([0, *places], [*places, len(whole)], strict=True) if a < b]


@given(st.lists(conversations(), min_size=1, max_size=3))
def test_what_is_answered_is_the_same_whether_heads_are_remembered_or_not(
    connections: list[list[bytes]],
) -> None:
    # Each comes twice: what the first has taught is put to use in the second.
    async def both() -> None:
        twice = [*connections, *connections]
        assert await answers(Shortcut, twice) == await answers(Forgetful, twice)

    asyncio.run(both())


def taught(messages: list[bytes]) -> int:
    """Return how many heads are known after these messages, each in a piece."""
    app_of: list[Shortcut] = []

    class Watched(Shortcut):
        def __init__(self, *parts: Any) -> None:
            super().__init__(*parts)
            app_of.append(self)

    asyncio.run(_run(Watched, messages))
    return len(app_of[0]._known)


async def _run(kind: type[Shortcut], messages: list[bytes]) -> None:
    await answers(kind, [messages])


@pytest.mark.parametrize("index", range(len(MESSAGES)))
def test_only_heads_of_whole_ordinary_requests_are_remembered(index: int) -> None:
    assert taught([MESSAGES[index]]) == (index < 7)


def test_what_is_remembered_is_bounded() -> None:
    many = [request(b"one", query=f"?model=m{number}") for number in range(3000)]
    assert 0 < taught(many) <= 1024
    assert taught([request(b"one", "x: " + "y" * 1900, query="?model=" + "a" * 3000)]) == 0
