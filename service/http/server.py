"""uvicorn's server, in one process or several, that closes its door behind the last who came in."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from inspect import signature
from time import monotonic
from typing import Any

import uvicorn
from uvicorn.supervisors import multiprocess

from service.http.host import host_in
from service.http.linger import all_is_sent, none_lingers

_ACCEPTED = 8  # connections in a turn of the event loop; uvloop accepts one for each place it listens at
_STARTUP_FAILURE = 3  # what uvicorn ends with
_START_S = 120.0  # for a worker to import what it needs, before which it cannot say that it is alive


class Server(uvicorn.Server):
    """Lets in several in a turn of the event loop, and who has come when it stops to listen.

    The others are refused then, and none of those is reset, but for one who comes in that very moment.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        loop, backlog = asyncio.get_running_loop(), self.config.backlog
        for each in tuple(self.servers):
            for one in each.sockets:
                for _ in range(_ACCEPTED - 1):
                    self.servers.append(
                        await loop.create_server(self._protocol, sock=one.dup(), backlog=backlog)
                    )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._take_in(self._stop_listening())
        begun = monotonic()
        await super().shutdown(sockets)
        left = (self.config.timeout_graceful_shutdown or 0) - (monotonic() - begun)
        await all_is_sent(max(0.0, left))
        await none_lingers(host_in(self.config.loaded_app).bounds.last_call_s)

    def _stop_listening(self) -> list[socket.socket]:
        """Close the door, and return who has come through it without having been seen."""
        doors: list[socket.socket] = []  # each is open for as long as somebody has it
        for each in self.servers:
            with suppress(OSError):  # there are too many files open
                doors += [one.dup() for one in each.sockets]
            each.close()
        return [client for door in doors for client in _waiting_at(door)]

    async def _take_in(self, clients: Iterable[socket.socket]) -> None:
        loop = asyncio.get_running_loop()
        connecting = [loop.connect_accepted_socket(self._protocol, client) for client in clients]
        await asyncio.gather(*connecting, return_exceptions=True)

    def _protocol(self) -> asyncio.Protocol:
        kind: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = kind(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol


def run(config: uvicorn.Config) -> None:
    """Serve until told to stop, as `uvicorn.run` does, with this server."""
    server = Server(config)
    if config.workers > 1:
        _Workers(config, sockets=[config.bind_socket()], **_target(server)).run()
        return
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(_STARTUP_FAILURE)


class _Workers(multiprocess.Multiprocess):
    """The parent of workers, which does not hold the door open when they close it."""

    def terminate_all(self) -> None:
        for one in self.sockets:
            one.close()
        super().terminate_all()


class _Worker(multiprocess.Process):
    """A worker's process, which runs this server.

    It is not taken for hung while it starts: on a busy machine that takes longer than uvicorn waits for an
    answer, and it would be killed, and another started, again and again.
    """

    _asked_at: float | None = None
    _has_answered = False

    def wait_until_ready(self, timeout: float, should_exit: threading.Event | None = None) -> bool:
        """Whether it serves before its start, or the time-out, is over: one is started anew by SIGHUP."""
        return super().wait_until_ready(max(timeout, _START_S), should_exit)

    def is_alive(self, timeout: float = 5) -> bool:
        """Whether it answers in time, or, as long as it never has, may still be starting."""
        if self._has_answered or not self.process.is_alive():
            return super().is_alive(timeout)
        if self._asked_at is None:
            self._asked_at = monotonic()
            self.parent_conn.send(b"ping")
        if self.parent_conn.poll():
            self.parent_conn.recv()
            self._has_answered = True
        return self._has_answered or monotonic() < self._asked_at + _START_S

    @cached_property
    def server(self) -> uvicorn.Server:
        return Server(self.config)


def _target(server: Server) -> dict[str, Any]:
    """Return what is to be told the parent of workers, for them to run this server."""
    multiprocess.Process = _Worker  # type: ignore[misc] # uvicorn has no other way to say so
    is_told = "target" in signature(multiprocess.Multiprocess).parameters  # up to uvicorn 0.50
    return {"target": server.run} if is_told else {}


def _waiting_at(door: socket.socket) -> list[socket.socket]:
    """Return the connections that nobody has accepted yet, and close at once, before there is another."""
    door.setblocking(False)
    found = []
    with door, suppress(OSError):  # there is none, or none that could be had
        while True:
            found.append(door.accept()[0])
    return found
