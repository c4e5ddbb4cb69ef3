"""The protocol on a real socket in this process, so that a test sees what is left of a connection."""

from __future__ import annotations

import asyncio
import gc
import socket
import struct
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import uvicorn
import uvloop
from uvicorn.server import ServerState

from service.errors import RequestError
from service.http.backoff import Backoff
from service.http.bodies import Bodies
from service.http.host import Bounds
from service.http.protocol import GuardedProtocol
from service.http.shortcut import Head, Shortcut
from service.observe.metrics import Metrics
from service.pipeline.exchange import DISCONNECTED, Exchange, Front
from service.pipeline.telemetry import Telemetry
from service.wire.message import Body
from service.wire.protocol import WireProtocol
from tests.patience import PATIENCE_S

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "uvloop": uvloop.new_event_loop,
    "asyncio": asyncio.new_event_loop,
}
GET = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"


class Host:
    """An application that says `well` when it may; knows each that was gone before, and what was noted."""

    is_draining = False
    connections = ()

    def __init__(self) -> None:
        self.bounds = Bounds(connections=100, head_bytes=2000, head_timeout_s=3600, last_call_s=1)
        self.held = Held()
        self.shortcut: Shortcut = Forgetful(self.held, Bodies(100_000_000))  # type: ignore[arg-type] # it stands in for one
        self.backoff = Backoff()
        self.may_answer = asyncio.Event()
        self.answer = b"well"
        self.asked = 0
        self.gone = 0
        self.noted: list[str] = []

    def note(self, request: dict[str, Any], outcome: str) -> None:
        self.noted.append(outcome)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            pass
        departure = asyncio.ensure_future(receive())
        answer = asyncio.ensure_future(self.may_answer.wait())
        await asyncio.wait({departure, answer}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            self.gone += 1
        departure.cancel()
        answer.cancel()
        length = b"%d" % len(self.answer)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": self.answer})


class Held:
    """Stands in for the pipeline: holds all that begin, and answers when it is told to."""

    max_body_bytes = 1_000_000

    def __init__(self) -> None:
        self.telemetry = Telemetry(Metrics(lambda: 0), None, server_timing=False)
        self.waiting: list[Waiting] = []
        self.error: RequestError | None = None

    def ask(self, front: Front, protocol: WireProtocol, head: Any, **known: Any) -> Waiting:
        return Waiting(front, self.telemetry, protocol, protocol.ask(*head), **known, error=self.error)

    def begin(self, exchange: Waiting, body: Body, now: float) -> bool:
        self.waiting.append(exchange)
        return True


class Forgetful(Shortcut):
    """Takes every head for new."""

    def remember(self, content: bytes, head: Head) -> None:
        """Remember nothing."""


class Waiting(Exchange):
    """Waits until it is hurried, and then is answered `well`, or refused."""

    def __init__(self, *of: Any, error: RequestError | None, **known: Any) -> None:
        super().__init__(*of, **known)
        self._error = error

    def drop(self, outcome: str = DISCONNECTED) -> None:
        super().drop(outcome)
        del self.front  # this is kept, and must keep nobody

    def hurry(self) -> None:
        if self._error is not None:
            self.fail(self._error)
        else:
            self.is_over = True
            self.encoded = perf_counter()
            self.front.answer(self, [], b"well")
        del self.front


@dataclass(frozen=True)
class Listening:
    """A server, its connections, and every protocol that something still holds."""

    host: Host
    port: int
    connections: set[Any]
    protocols: weakref.WeakSet[GuardedProtocol]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def see(self) -> None:
        """Return when all that was sent before has been read: by then another hears that it says no HTTP."""
        reader, writer = await self.connect()
        writer.write(b"what?\r\n\r\n")
        assert b" 400 " in await reader.read()
        writer.close()

    def held(self) -> int:
        """Return how many protocols something still holds, such as a timer."""
        gc.collect()
        return len(self.protocols)


@asynccontextmanager
async def listening(host: Host, *, idle_timeout_s: int = 3600) -> AsyncIterator[Listening]:
    config = uvicorn.Config(
        host,
        log_config=None,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        timeout_keep_alive=idle_timeout_s,
    )
    state = ServerState()
    protocols: weakref.WeakSet[GuardedProtocol] = weakref.WeakSet()

    def made() -> GuardedProtocol:
        protocol = GuardedProtocol(config=config, server_state=state, app_state={})
        protocols.add(protocol)
        return protocol

    server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
    async with server:
        yield Listening(host, server.sockets[0].getsockname()[1], state.connections, protocols)


def serve(
    loop: str,
    body: Callable[[Listening], Coroutine[Any, Any, None]],
    host: Host | None = None,
    *,
    idle_timeout_s: int = 3600,
) -> None:
    """Run a body with a server on one of the LOOPS, with patience."""

    async def go() -> None:
        async with (
            listening(host or Host(), idle_timeout_s=idle_timeout_s) as there,
            asyncio.timeout(PATIENCE_S),
        ):
            await body(there)

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(go())


async def until(is_so: Callable[[], object]) -> None:
    """Return as soon as it is so; fail where it never is."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 - many things are waited for, and none tells
            await asyncio.sleep(0.01)  # between two looks at the condition


def reset(writer: asyncio.StreamWriter) -> None:
    """Cut the connection, so that the other side hears of an error and not of an end."""
    ours = writer.get_extra_info("socket")
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
