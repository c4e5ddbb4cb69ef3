"""One connection of the open loop, the request that is out on it, and what wakes the loop for it."""

from __future__ import annotations

from typing import Any

import gevent

from loadtests.protocol.wire import Connection

_READ, _WRITE = 1, 2  # what a watcher of libev waits for


class Line:
    """A connection, and the request that is out on it."""

    __slots__ = ("body", "connection", "done", "due", "reader", "scheduled", "sent", "writer")

    def __init__(self, connection: Connection) -> None:
        loop: Any = gevent.get_hub().loop
        connection.unblock()
        self.connection = connection
        self.reader = loop.io(connection.fileno(), _READ)
        self.writer = loop.io(connection.fileno(), _WRITE)
        self.body = -1  # none is out
        self.scheduled = 0.0
        self.due = 0.0
        self.sent = 0.0
        self.done = 0.0  # the last answer

    def close(self) -> None:
        for watcher in (self.reader, self.writer):
            watcher.stop()
            watcher.close()
        self.connection.close()
