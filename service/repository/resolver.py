"""Finds what a request means, so quickly that it is nearly free when the same was meant before."""

from __future__ import annotations

from dataclasses import dataclass

from service.repository.registry import Registry
from service.repository.servable import Servable

_TARGETS_MAX = 1024


@dataclass(frozen=True, eq=False)
class Target:
    """What a request asks for; None is left to the service. Compared by identity, which is quick."""

    model: str | None = None
    version: int | None = None
    variant: str | None = None


class Engine:
    """What the hot route knows of the registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._resolved: dict[Target, Servable] = {}
        self._epoch = registry.epoch

    def loaded(self, target: Target) -> Servable | None:
        """Return what a target means now, None where it would have to be loaded or there is no such thing."""
        if self._epoch != self._registry.epoch:
            self._resolved.clear()
            self._epoch = self._registry.epoch
        servable = self._resolved.get(target)
        if servable is None:
            servable = self._registry.loaded(target.model, target.version, target.variant)
            if servable is not None:
                if len(self._resolved) >= _TARGETS_MAX:
                    self._resolved.clear()
                self._resolved[target] = servable
        return servable

    async def load(self, target: Target) -> Servable:
        """Return what a target means, loading it where needed. Raises as `Registry.resolve` does."""
        return await self._registry.resolve(target.model, target.version, target.variant)
