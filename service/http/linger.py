"""Ends a connection so that its last words arrive: what more the client sends is read, and thrown away.

The kernel resets a connection that is closed with bytes unread, and the answer on its way is lost with it
(RFC 9112, 9.6).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_QUIET_S = 1.0  # whoever says nothing for so long has read its answer, or will not
_LOOKS = 5  # after each such time; who still sends is cut off
_BYTES_MAX = 64 * 2**20  # and who has sent so much
_MOST = 1024  # at once; one more is closed the hard way

_POLL_S = 0.05

_lingering: set[_Lingering] = set()
_nowhere = memoryview(bytearray(65_536))  # where all of them read to


class LingeringTransport:
    """A transport that still reads for a while when it is closed; its protocol sees no difference.

    It stands in the hottest place: what is asked there is the other's own method, and no call more.
    """

    def __init__(self, transport: Any, *, unread_s: float) -> None:
        """Stand before `transport`, whose client may leave what is sent to it unread for `unread_s`."""
        self._transport = transport
        self._unread_s = unread_s
        self.write = transport.write
        self.is_closing = transport.is_closing

    def abort(self) -> None:
        self._transport.abort()

    def can_write_eof(self) -> bool:
        return bool(self._transport.can_write_eof())

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        return int(self._transport.get_write_buffer_size())

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._transport.set_protocol(protocol)

    def close(self) -> None:
        """Send what is written and then the end, and hear the client out."""
        if self.is_closing():
            return
        if len(_lingering) >= _MOST or not self._transport.can_write_eof():
            self._transport.close()
            return
        self.write, self.is_closing = _drop, _yes
        protocol = self._transport.get_protocol()
        _lingering.add(_Lingering(self._transport, self._unread_s))
        asyncio.get_running_loop().call_soon(protocol.connection_lost, None)


async def all_is_sent(timeout_s: float) -> None:
    """Return when the last answers have left this process, or after that time."""
    await _until(lambda: not any(one.is_sending() for one in _lingering), timeout_s)


async def none_lingers(timeout_s: float) -> None:
    """Return when all connections are closed, or after that time."""
    await _until(lambda: not _lingering, timeout_s)


async def _until(is_so: Callable[[], bool], timeout_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            while not is_so():  # noqa: ASYNC110 - they are many, and this is asked once
                await asyncio.sleep(_POLL_S)


class Unread:
    """Tells, by a look now and then, whether a client has taken nothing of what waits for it for too long."""

    def __init__(self, transport: Any, too_long_s: float) -> None:
        self._transport = transport
        self._too_long_s = too_long_s
        self._bytes = 0
        self._since = 0.0

    def is_for_too_long(self) -> bool:
        waiting, now = self._transport.get_write_buffer_size(), asyncio.get_running_loop().time()
        if waiting == 0 or waiting != self._bytes:
            self._bytes, self._since = waiting, now
        return bool(now - self._since > self._too_long_s)


class _Lingering(asyncio.BufferedProtocol):
    """Takes a connection over, and closes it as soon as the client does, or has fallen silent, or must."""

    def __init__(self, transport: Any, unread_s: float) -> None:
        self._transport = transport
        self._unread = Unread(transport, unread_s)
        self._bytes = self._bytes_before = 0
        self._looks = 0
        self._look_later()
        transport.pause_reading()  # how bytes are read is decided when reading starts
        transport.set_protocol(self)
        transport.resume_reading()
        with suppress(OSError):  # it is gone already, and will be told lost
            transport.write_eof()

    def get_buffer(self, sizehint: int) -> memoryview:
        return _nowhere

    def buffer_updated(self, nbytes: int) -> None:
        self._bytes += nbytes
        if self._bytes > _BYTES_MAX:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        _lingering.discard(self)

    def is_sending(self) -> bool:
        """Whether some of the answer has not been taken yet."""
        return bool(self._transport.get_write_buffer_size())

    def _look_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_QUIET_S, self._look)

    def _look(self) -> None:
        if self._unread.is_for_too_long():
            self._transport.abort()  # to close it would wait for what is unread
            return
        if self.is_sending():
            self._look_later()
            return
        self._looks += 1
        if self._bytes == self._bytes_before or self._looks == _LOOKS:
            self._transport.close()
        else:
            self._bytes_before = self._bytes
            self._look_later()


def _drop(_: bytes) -> None:
    """Send nothing more: the end was sent."""


def _yes() -> bool:
    return True
