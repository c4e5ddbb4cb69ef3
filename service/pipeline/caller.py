"""A front for whoever calls the pipeline from a task, and awaits what comes of it."""

from __future__ import annotations

import asyncio
from typing import Any

from service.errors import RequestError
from service.pipeline.exchange import Exchange
from service.wire.message import Headers


class Caller:
    """Has what came of a request as the result of a future, or its error."""

    def __init__(self) -> None:
        self.told: asyncio.Future[tuple[Headers, Any]] = asyncio.get_running_loop().create_future()

    def answer(self, _: Exchange, headers: Headers, content: Any, /) -> None:
        """As `service.pipeline.exchange.Front` has it."""
        if not self.told.done():
            self.told.set_result((headers, content))

    def refuse(self, exchange: Exchange, error: BaseException, /) -> int:
        """As `service.pipeline.exchange.Front` has it."""
        if not self.told.done():
            self.told.set_exception(error)
        return exchange.protocol.status(error) if isinstance(error, RequestError) else 500
