"""Opens versions and loads variants: each once, however many ask, and none waiting for another."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any

from bundle.bundle import Bundle
from bundle.manifest import CASCADE
from bundle.runtimes import is_available
from bundle.store import ModelStore
from service.repository.catalogue import Catalogue
from service.repository.failure import Failure
from service.repository.proof.prover import Prover
from service.repository.servable import Servable
from service.repository.thread import in_thread
from service.repository.version import Version

logger = logging.getLogger("service")

Load = Callable[[Bundle, str], Servable]
Outcome = Servable | Failure | None


class Loader:
    """Reads files and opens graphs off the event loop. What was begun is ended, though its askers go away."""

    def __init__(
        self,
        store: ModelStore,
        catalogue: Catalogue,
        load: Load,
        prover: Prover,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._load_servable = load
        self._prover = prover
        self._clock = clock
        self._under_way: dict[tuple[Version, str | None], asyncio.Task[Outcome]] = {}

    async def open(self, version: Version) -> None:
        """Read a version and prove it: afterwards it has a bundle, or a detail that says what is wrong."""
        await self._once((version, None), partial(self._open, version))

    async def load(self, version: Version, variant: str) -> Outcome:
        """Load a variant of a version that is open, or its cascade; return it, or what is in the way.

        None where the version was replaced meanwhile.
        """
        if variant == CASCADE:
            return await self._load_cascade(version)
        return await self._once((version, variant), partial(self._load, version, variant))

    async def _load_cascade(self, version: Version) -> Outcome:
        for rung in version.rungs(CASCADE):
            loaded = await self.load(version, rung)
            if isinstance(loaded, Failure):
                return replace(loaded, reason=f"{rung!r}: {loaded.reason}")
        self._catalogue.take_in(version, CASCADE, self._clock())
        return version.servables.get(CASCADE)

    async def newest(self, versions: dict[int, Version]) -> Version | None:
        """Return the newest version that is sound, opening what has not been looked at."""
        for number in sorted(versions, reverse=True):
            version = versions[number]
            if not version.was_looked_at():
                await self.open(version)
            if version.bundle is not None:
                return version
        return None

    async def _once(
        self, key: tuple[Version, str | None], work: Callable[[], Coroutine[Any, Any, Outcome]]
    ) -> Outcome:
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(work())
            task.add_done_callback(lambda _: self._under_way.pop(key))
        return await asyncio.shield(task)

    async def _open(self, version: Version) -> Outcome:
        looked_at = self._clock()
        model, number = version.model, version.number
        try:
            snapshot = await in_thread(partial(self._store.snapshot, model, number))
            version.settling.see(snapshot, looked_at)
            bundle = await in_thread(partial(self._store.open, model, number, held_out=False))
            lite = [v.name for v in bundle.manifest.variants if v.format == "tflite" and is_available(v)]
            await in_thread(partial(self._prover.prove, bundle, lite))
        except Exception as error:  # the edge of a task: whoever asks for the version is told
            failure = Failure.of(error)
            self._catalogue.refuse(version, failure.reason, stands=version.settling.fail(looked_at, failure))
        else:
            version.trust(bundle)
        return None

    async def _load(self, version: Version, variant: str) -> Outcome:
        bundle = version.bundle
        if bundle is None or variant in version.servables:
            return version.servables.get(variant)
        if variant in version.failures:
            return Failure(version.failures[variant])
        try:
            if bundle.variant(variant).format != "tflite":  # those were proven with the bundle
                await in_thread(partial(self._prover.prove, bundle, [variant]))
            servable = await in_thread(partial(self._load_servable, bundle, variant))
        except Exception as error:  # as above
            failure = Failure.of(error)
            if not failure.is_transient:
                version.failures[variant] = failure.reason
            logger.error(
                "could not load %s/%d %s: %s", version.model, version.number, variant, failure.reason
            )
            return failure
        if version.bundle is not bundle:
            return None
        version.take_in(variant, servable)
        self._catalogue.take_in(version, variant, self._clock())
        logger.info("loaded %s/%d %s", version.model, version.number, variant)
        return servable
