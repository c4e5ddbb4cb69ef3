"""Stands between gRPC and what answers: reads messages, refuses, and notes what came of each call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from time import perf_counter
from typing import Any, NoReturn

import grpc
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass
from grpc import StatusCode

from service.errors import MalformedBodyError, RequestError
from service.routes.course import Course
from service.rpc.messages import methods
from service.rpc.status import code_of, trailer_of
from service.wire.protocols import INTERNAL

logger = logging.getLogger("service")

Read = Callable[[bytes], Any]
Function = Callable[[Any, "Call"], Any]
"""Takes a message, or an iterator of such, and returns one, or an iterator. Raises RequestError."""


class Call:
    """One call, for what answers it. It can be asked anything: its context, once the client left, cannot."""

    __slots__ = ("context", "course", "path", "peer")

    def __init__(self, path: str, context: Any) -> None:
        self.course = Course(perf_counter())
        self.path = path
        self.context = context
        self.peer: str = context.peer()  # which of a client that left ends the process

    def scope(self) -> dict[str, Any]:
        """Return what the access log wants to know of a request."""
        kind, _, address = self.peer.partition(":")
        client = (address.rpartition(":")[0].strip("[]") if kind.startswith("ip") else "",)
        return {"method": "POST", "path": self.path, "query_string": b"", "client": client}


class Edge:
    """Makes handlers of functions that know nothing of gRPC.

    `status` says what an error is over HTTP, and `note` is called when a call is over, with that status, or
    that the client left.
    """

    def __init__(self, status: Callable[[RequestError], int], note: Callable[[Call, str], None]) -> None:
        self._status = status
        self._note = note

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
        call = Call(path, context)
        try:
            answer = await function(read(body), call)
        except BaseException as error:
            await self._end(call, error)
        self._note(call, "200")
        return answer

    async def _stream(
        self, path: str, read: Callable[[Any], Any], function: Function, asked: Any, context: Any
    ) -> AsyncIterator[Any]:
        call = Call(path, context)
        try:
            async for answer in function(read(asked), call):
                yield answer
        except BaseException as error:
            await self._end(call, error)
        self._note(call, "200")

    async def _end(self, call: Call, error: BaseException) -> NoReturn:
        """Refuse a call, or give it up. What is no RequestError is ours, and no client hears of it."""
        if isinstance(error, RequestError):
            status, detail = self._status(error), str(error)
            code = code_of(status)
            trailer = trailer_of(error, code)
        elif isinstance(error, Exception):
            logger.error("%s failed", call.path, exc_info=error)
            status, code, detail, trailer = 500, StatusCode.INTERNAL, INTERNAL, ()
        else:  # the client went away, or there is an end of everything
            self._note(call, "disconnected")
            raise error
        self._note(call, str(status))
        await call.context.abort(code, detail, trailer)
        raise asyncio.CancelledError  # which is never reached: `abort` raises


def _read(message: Any, body: bytes) -> Any:
    try:
        return message.FromString(body)
    except DecodeError as error:
        raise MalformedBodyError(f"the message is no {message.DESCRIPTOR.full_name}") from error


async def _each(read: Read, bodies: AsyncIterator[bytes]) -> AsyncIterator[Any]:
    async for body in bodies:
        yield read(body)
