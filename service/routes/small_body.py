"""Reads the bodies of requests that are not predictions: small JSON, or nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from fastapi import Request
from starlette.requests import ClientDisconnect

from service.errors import InvalidRequestError, MalformedBodyError, SlowBodyError, TooLargeError

_BYTES_MAX = 2**16


async def read_small(request: Request, timeout_s: float) -> bytearray:
    """Return a request's body.

    Raises TooLargeError, and SlowBodyError where it has not arrived after `timeout_s`, or does no more.
    """
    content = bytearray()
    try:
        async with asyncio.timeout(timeout_s):
            async for piece in request.stream():
                content += piece
                if len(content) > _BYTES_MAX:
                    raise TooLargeError(f"the body is longer than {_BYTES_MAX} bytes")
    except (TimeoutError, ClientDisconnect) as error:
        raise SlowBodyError(f"the body did not arrive within {timeout_s:g} s") from error
    return content


async def read_document(request: Request, timeout_s: float) -> dict[str, Any]:
    """Return the JSON object that is a request's body; one that is empty says nothing.

    Raises as `read_small` does, MalformedBodyError where it is not JSON, and InvalidRequestError where it is
    not an object.
    """
    content = await read_small(request, timeout_s)
    if not content.strip():
        return {}
    try:
        document: dict[str, Any] = msgspec.json.decode(content, type=dict[str, Any])
    except msgspec.ValidationError as error:
        raise InvalidRequestError("the body must be a JSON object, or empty") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBodyError(f"the body is not JSON: {error}") from error
    return document
