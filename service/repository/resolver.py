"""Finds what a request means, so quickly that it is nearly free when the same was meant before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from service.engine.choice import Chooser
from service.repository.registry import Registry
from service.repository.servable import Meant, Servable
from service.wire.signature import Signature
from service.wire.target import Target

_TARGETS_MAX = 1024

Codec = TypeVar("Codec")


class Bound(NamedTuple, Generic[Codec]):
    """A servable, and what reads and writes a protocol's bodies for it."""

    servable: Servable
    codec: Codec
    chooser: Chooser | None = None
    """Where a request leaves the variant to the service: chooses it, once the rows are there."""


class Resolver(Generic[Codec]):
    """A memo of what requests mean, for one wire protocol, whose `bind` is called once for a servable."""

    def __init__(self, registry: Registry, bind: Callable[[Signature], Codec]) -> None:
        self._registry = registry
        self._bind = bind
        self._meant: dict[Target, Bound[Codec]] = {}
        self._bound: dict[Servable, Bound[Codec]] = {}
        self._catalogue = registry.catalogue
        self._epoch = self._catalogue.epoch

    def loaded(self, target: Target) -> Bound[Codec] | None:
        """Return what a target means now, None where it would have to be loaded or there is no such thing."""
        if self._epoch != self._catalogue.epoch:
            self._forget()
        found = self._meant.get(target)
        if found is None:
            meant = self._registry.loaded(target.model, target.version, target.variant)
            if meant is not None:
                if len(self._meant) >= _TARGETS_MAX:
                    self._meant.clear()
                found = self._meant[target] = self._with_codec(meant)
        return found

    async def load(self, target: Target) -> Bound[Codec]:
        """Return what a target means, loading it where needed. Raises as `Registry.resolve` does."""
        return self._with_codec(await self._registry.resolve(target.model, target.version, target.variant))

    def _with_codec(self, meant: Meant) -> Bound[Codec]:
        servable, chooser = meant
        bound = self._bound.get(servable)
        if bound is None:
            bound = self._bound[servable] = Bound(servable, self._bind(servable.signature))
        return bound if chooser is None else bound._replace(chooser=chooser)

    def _forget(self) -> None:
        """Let go of what may be replaced, and of its graphs with it."""
        self._meant.clear()
        self._bound.clear()
        self._epoch = self._catalogue.epoch
