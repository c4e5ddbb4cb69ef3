"""The gRPC server, on the event loop of the service: from the start of the application to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import grpc

logger = logging.getLogger("service")


@dataclass(frozen=True)
class Limits:
    """What a client may take."""

    message_bytes: int
    head_bytes: int
    handshake_s: float
    idle_s: float
    calls: int
    """In progress at once."""


@dataclass(frozen=True)
class Place:
    """Where to listen."""

    host: str
    port: int
    """0 for a free one."""
    is_shared: bool
    """Whether other workers listen there as well."""


class Server:
    """Answers with `handlers` at one place; ends once, in order, and sets `ending` when it begins to."""

    def __init__(
        self,
        handlers: Sequence[grpc.GenericRpcHandler],
        limits: Limits,
        place: Place,
        *,
        ending: asyncio.Event,
        stop_s: float,
    ) -> None:
        self._place = place
        self._ending = ending
        self._stop_s = stop_s
        self._stopping: asyncio.Task[None] | None = None
        self._server = grpc.aio.server(
            options=(
                ("grpc.max_receive_message_length", limits.message_bytes),  # as it comes, and expanded
                ("grpc.max_send_message_length", -1),
                ("grpc.max_metadata_size", limits.head_bytes),
                ("grpc.absolute_max_metadata_size", limits.head_bytes),
                ("grpc.server_handshake_timeout_ms", round(limits.handshake_s * 1e3)),
                ("grpc.max_connection_idle_ms", round(limits.idle_s * 1e3)),
                ("grpc.so_reuseport", int(place.is_shared)),
            ),
            maximum_concurrent_rpcs=limits.calls,
        )
        self._server.add_generic_rpc_handlers(tuple(handlers))

    async def start(self) -> None:
        """Listen, unless it has been told to stop. Raises RuntimeError where that cannot be."""
        if self._ending.is_set():
            return
        place = self._place
        host = f"[{place.host}]" if ":" in place.host else place.host
        port = self._server.add_insecure_port(f"{host}:{place.port}")
        await self._server.start()
        logger.info("gRPC is answered on %s:%d", host, port)

    def begin_to_stop(self) -> None:
        """Take no more calls; those in progress may end for as long as was said, and streams end now."""
        if self._stopping is None:
            self._ending.set()
            self._stopping = asyncio.ensure_future(self._server.stop(self._stop_s))

    async def stop(self) -> None:
        """Stop, and return when all is over."""
        self.begin_to_stop()
        assert self._stopping is not None  # noqa: S101 - as it has just begun
        await self._stopping
