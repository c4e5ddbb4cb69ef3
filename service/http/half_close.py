"""A client that sends no more, and may still read: after `shutdown(SHUT_WR)`, or `nc -N`.

One that has gone away says the very same, and TCP tells the two apart by what comes back for what is sent:
from whoever has closed, a reset. So where an answer takes longer, interim ones go ahead of it, which every
client of HTTP/1.1 must take, however many (RFC 9110, 15.2).
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from service.http.linger import Unread

_INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
_FIRST_LOOK_S = 0.005  # what is answered by then needs no interim answer
_LOOK_S = 10.0  # between two looks, at most
_LESS_OFTEN = 4  # times as long until the look after


class HalfClose:
    """Watches a connection on which nothing comes any more, until it is lost; aborts it when it must be."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        transport: asyncio.Transport,
        cycles: list[Any],
        *,
        unread_s: float,
    ) -> None:
        """Watch `transport`, whose client may leave what is sent to it unread for `unread_s`.

        `cycles` are in progress, as uvicorn knows them; none where a request has gone the short way.
        """
        self._loop = loop
        self._transport = transport
        self._cycles = cycles
        self._unread = Unread(transport, unread_s)
        self._look_after(_FIRST_LOOK_S)

    def end(self) -> None:
        """Watch no more: the connection is lost."""
        self._timer.cancel()

    def _look_after(self, seconds: float) -> None:
        self._timer = self._loop.call_later(seconds, self._look, min(_LESS_OFTEN * seconds, _LOOK_S))

    def _look(self, next_s: float) -> None:
        if self._is_gone() or self._unread.is_for_too_long():
            self._transport.abort()
            return
        if not self._transport.get_write_buffer_size() and self._is_unanswered():
            self._transport.write(_INTERIM)
        self._look_after(next_s)

    def _is_gone(self) -> bool:
        """Whether the client has reset the connection: no loop tells, for none reads there any more."""
        peer = self._transport.get_extra_info("socket")
        return peer is not None and bool(peer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))

    def _is_unanswered(self) -> bool:
        """Whether a request of HTTP/1.1 is in progress, of whose answer nothing was written."""
        for cycle in self._cycles:
            if not cycle.response_complete:
                return not cycle.response_started and cycle.scope["http_version"] == "1.1"
        return not (self._cycles or self._transport.is_closing())
