"""Receives a long body where it is to lie, instead of in sixty pieces that are put together after."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Collector(asyncio.BufferedProtocol):
    """Takes a connection over until `length` bytes are there, of which `begun` are the first.

    Then `deliver` gets all that came, and `http` its connection back; after `timeout_s` with what there is.
    """

    def __init__(
        self,
        http: asyncio.Protocol,
        transport: asyncio.Transport,
        begun: bytes,
        length: int,
        *,
        deliver: Callable[[bytearray, int], None],
        timeout_s: float,
    ) -> None:
        self.length = length
        self._http = http
        self._transport = transport
        self._deliver = deliver
        self._buffer = bytearray(length)
        self._buffer[: len(begun)] = begun
        self._view = memoryview(self._buffer)
        self._filled = len(begun)
        self._timer = asyncio.get_running_loop().call_later(timeout_s, self.end)
        self._hand_over_to(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._view[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        self._filled += nbytes
        if self._filled == len(self._buffer):
            self.end()

    def end(self) -> None:
        """Deliver what has come, and be gone."""
        self._timer.cancel()
        self._hand_over_to(self._http)
        buffer = self._buffer
        self._let_go()
        self._deliver(buffer, self._filled)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        self._http.connection_lost(exc)
        self._let_go()

    def pause_writing(self) -> None:
        self._http.pause_writing()

    def resume_writing(self) -> None:
        self._http.resume_writing()

    def _let_go(self) -> None:
        """Hold the body no longer, whoever still holds this: uvloop's transport does, as long as it lives."""
        self._view = memoryview(b"")
        self._buffer = bytearray()

    def _hand_over_to(self, protocol: asyncio.BaseProtocol) -> None:
        self._transport.pause_reading()  # how bytes are read is decided when reading starts
        self._transport.set_protocol(protocol)
        self._transport.resume_reading()
