"""`grpc.health.v1`: what balancers and kubelets ask, answered as `/health/ready` is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import suppress
from typing import Any

from service.errors import UnknownTargetError, shown
from service.rpc.messages import HealthResponse

SERVICE = "grpc.health.v1.Health"

_LOOK_S = 0.1  # between two looks whether the status has changed


class Health:
    """Says that the services named serve, while there is no reason why not; the empty name is of all."""

    def __init__(
        self, why_not_ready: Callable[[], str | None], services: Collection[str], ending: asyncio.Event
    ) -> None:
        self._why_not_ready = why_not_ready
        self._names = {"", *services}
        self._ending = ending

    async def check(self, request: Any, _: Any) -> Any:
        """Answer once. Raises UnknownTargetError for a service that is not here."""
        if request.service not in self._names:
            names = ", ".join(sorted(filter(None, self._names)))
            raise UnknownTargetError(f"there is no service {shown(request.service)}; there are: {names}")
        return HealthResponse(status=self._status(request.service))

    async def watch(self, request: Any, _: Any) -> AsyncIterator[Any]:
        """Answer now, and at each change until the server ends: SERVICE_UNKNOWN for one that is not here."""
        told = None
        while True:
            is_last = self._ending.is_set()
            status = self._status(request.service)
            if status != told:
                told = status
                yield HealthResponse(status=status)
            if is_last:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._ending.wait()

    def _status(self, service: str) -> str:
        if service not in self._names:
            return "SERVICE_UNKNOWN"
        ends = self._ending.is_set() or self._why_not_ready() is not None
        return "NOT_SERVING" if ends else "SERVING"
