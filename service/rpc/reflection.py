"""`grpc.reflection`: tells tools such as grpcurl which services there are, and what their messages are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from grpc import StatusCode

from service.errors import shown
from service.rpc.messages import POOL, ReflectionResponse

SERVICE = "grpc.reflection.v1.ServerReflection"

FORMER_SERVICE = "grpc.reflection.v1alpha.ServerReflection"
"""The same under its former name, by which older tools ask."""


class Reflection:
    """Answers for the services named, and for every message that they are made of, until the server ends."""

    def __init__(self, services: tuple[str, ...], ending: asyncio.Event) -> None:
        self._services = services
        self._ending = ending

    async def info(self, requests: AsyncIterator[Any], _: Any) -> AsyncIterator[Any]:
        """Answer each request in turn."""
        while (request := await self._next(requests)) is not None:
            yield self._answer(request)

    async def _next(self, requests: AsyncIterator[Any]) -> Any:
        """Return the next request; None where there is none, or nobody waits for one any more."""

        async def come() -> Any:
            return await anext(requests, None)

        coming, ending = asyncio.ensure_future(come()), asyncio.ensure_future(self._ending.wait())
        try:
            await asyncio.wait({coming, ending}, return_when=asyncio.FIRST_COMPLETED)
            return coming.result() if coming.done() else None
        finally:
            coming.cancel()
            ending.cancel()

    def _answer(self, request: Any) -> Any:
        answer = ReflectionResponse(valid_host=request.host, original_request=request)
        asked = request.WhichOneof("message_request")
        try:
            if asked == "list_services":
                for name in self._services:
                    answer.list_services_response.service.add(name=name)
            elif asked == "file_by_filename":
                _describe(answer, POOL.FindFileByName(request.file_by_filename))
            elif asked == "file_containing_symbol":
                _describe(answer, _file_of(request.file_containing_symbol))
            elif asked == "all_extension_numbers_of_type":  # of which there are none, of any message
                name = POOL.FindMessageTypeByName(request.all_extension_numbers_of_type).full_name
                answer.all_extension_numbers_response.base_type_name = name
            elif asked == "file_containing_extension":
                raise KeyError  # as said
            else:
                _refuse(answer, StatusCode.INVALID_ARGUMENT, "the request asks for nothing")
        except KeyError:
            given = shown(str(getattr(request, asked)))
            _refuse(answer, StatusCode.NOT_FOUND, f"{asked} is {given}, which is not here")
        return answer


def _file_of(symbol: str) -> Any:
    """Return the file that holds a symbol, or a method, which the pool does not take for one."""
    try:
        return POOL.FindFileContainingSymbol(symbol)
    except KeyError:
        service, _, method = symbol.rpartition(".")
        return POOL.FindServiceByName(service).methods_by_name[method].containing_service.file


def _describe(answer: Any, file: Any) -> None:
    answer.file_descriptor_response.file_descriptor_proto.append(file.serialized_pb)


def _refuse(answer: Any, code: StatusCode, text: str) -> None:
    answer.error_response.error_code = code.value[0]
    answer.error_response.error_message = text
