"""Stands between gRPC and what answers: reads messages, refuses, and notes what came of each call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from functools import partial
from time import perf_counter
from typing import Any, NoReturn

import grpc
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass
from grpc import StatusCode

from service.errors import MalformedBodyError, RequestError
from service.pipeline.telemetry import Telemetry
from service.rpc.messages import methods
from service.rpc.status import code_of, trailer_of
from service.wire.protocols import INTERNAL

logger = logging.getLogger("service")

Read = Callable[[bytes], Any]
Function = Callable[[Any, "Call"], Any]
"""Takes a message, or an iterator of such, and returns one, or an iterator. Raises RequestError."""


class Call:
    """One call, as those know it who answer it.

    Whose client has left has no context any more: asking that for anything ends the process. So what is
    needed later is read at once.
    """

    __slots__ = ("_peer", "_start", "is_noted", "left_s", "path", "size")

    def __init__(self, path: str, context: Any, size: int) -> None:
        self._start = perf_counter()
        self._peer: str = context.peer()
        self.path = path
        self.left_s: float | None = context.time_remaining()
        """Until the client's deadline."""
        self.size = size
        """Of the request, in bytes."""
        self.is_noted = False
        """Whether somebody else counts it and tells the access log."""

    @property
    def took_s(self) -> float:
        """How long it has taken so far."""
        return perf_counter() - self._start

    def scope(self) -> dict[str, Any]:
        """Return what the access log wants to know of a request."""
        kind, _, address = self._peer.partition(":")
        client = (address.rpartition(":")[0].strip("[]") if kind.startswith("ip") else "",)
        return {"method": "POST", "path": self.path, "query_string": b"", "client": client}


class Edge:
    """Makes handlers of functions that know nothing of gRPC.

    `status` says what an error is over HTTP. `telemetry` hears with what status each call ended, or that the
    client left; those of the methods with the paths `counted` are counted.
    """

    def __init__(
        self, status: Callable[[RequestError], int], telemetry: Telemetry, counted: Collection[str]
    ) -> None:
        self._status = status
        self._telemetry = telemetry
        self._counted = counted

    def handler(
        self, service: str, functions: Mapping[str, Function], described_as: str | None = None
    ) -> grpc.GenericRpcHandler:
        """Return what answers the methods of a service, whose descriptor may have another name."""
        known = methods(described_as or service)
        return grpc.method_handlers_generic_handler(
            service,
            {name: self._method(f"/{service}/{name}", known[name], f) for name, f in functions.items()},
        )

    def _method(self, path: str, method: Any, function: Function) -> grpc.RpcMethodHandler:
        read = partial(_read, GetMessageClass(method.input_type))
        write = GetMessageClass(method.output_type).SerializeToString
        if not method.server_streaming:
            answer = partial(self._answer, path, read, function)
            return grpc.unary_unary_rpc_method_handler(answer, response_serializer=write)
        if not method.client_streaming:
            stream = partial(self._stream, path, read, function)
            return grpc.unary_stream_rpc_method_handler(stream, response_serializer=write)
        stream = partial(self._stream, path, partial(_each, read), function)
        return grpc.stream_stream_rpc_method_handler(stream, response_serializer=write)

    async def _answer(self, path: str, read: Read, function: Function, body: bytes, context: Any) -> Any:
        call = Call(path, context, len(body))
        try:
            answer = await function(read(body), call)
        except BaseException as error:
            await self._end(call, context, error)
        self._note(call, "200")
        return answer

    async def _stream(
        self, path: str, read: Callable[[Any], Any], function: Function, asked: Any, context: Any
    ) -> AsyncIterator[Any]:
        call = Call(path, context, 0)
        try:
            async for answer in function(read(asked), call):
                yield answer
        except BaseException as error:
            await self._end(call, context, error)
        self._note(call, "200")

    async def _end(self, call: Call, context: Any, error: BaseException) -> NoReturn:
        """Refuse a call, or give it up. What is no RequestError is ours, and no client hears of it."""
        if isinstance(error, RequestError):
            status, detail = self._status(error), str(error)
            code = code_of(status)
            trailer = trailer_of(error, code)
        elif isinstance(error, Exception):
            if not call.is_noted:
                logger.error("%s failed", call.path, exc_info=error)
            status, code, detail, trailer = 500, StatusCode.INTERNAL, INTERNAL, ()
        else:  # the client went away, or there is an end of everything
            self._note(call, "disconnected")
            raise error
        self._note(call, str(status))
        await context.abort(code, detail, trailer)
        raise asyncio.CancelledError  # which is never reached: `abort` raises

    def _note(self, call: Call, outcome: str) -> None:
        telemetry = self._telemetry
        if call.is_noted:
            return
        if call.path in self._counted:
            telemetry.note(call.scope(), outcome, call.took_s)
        elif telemetry.logs:
            telemetry.log(call.scope(), outcome, call.took_s)


def _read(message: Any, body: bytes) -> Any:
    try:
        return message.FromString(body)
    except DecodeError as error:
        raise MalformedBodyError(f"the message is no {message.DESCRIPTOR.full_name}") from error


async def _each(read: Read, bodies: AsyncIterator[bytes]) -> AsyncIterator[Any]:
    async for body in bodies:
        yield read(body)
