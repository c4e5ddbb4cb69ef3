"""Knows which models, versions and variants there are; loads them, and replaces them when new ones appear."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from bundle.bundle import Bundle
from bundle.errors import BundleError
from bundle.runtimes import is_available
from bundle.store import ModelStore
from service.errors import UnavailableError, UnknownTargetError, shown
from service.observe.metrics import Metrics
from service.repository.servable import Servable
from service.repository.version import Version, open_proven

logger = logging.getLogger("service")

Load = Callable[[Bundle, str], Servable]


class Registry:
    """The models of a store. Files are read and graphs opened off the event loop, one at a time."""

    def __init__(
        self,
        store: ModelStore,
        load: Load,
        metrics: Metrics,
        *,
        default_model: str | None,
        preload: tuple[str, ...] | None,
    ) -> None:
        self._store = store
        self._load_servable = load
        self._metrics = metrics
        self._default_model = default_model
        self._preload = preload
        self._loading = asyncio.Lock()
        self._serving: dict[str, Version] = {}
        self._failure: str | None = None
        self._started = False
        self._draining = False
        self.models: dict[str, dict[int, Version]] = {}
        self.epoch = 0
        """Grows whenever the same request could mean something else than before."""

    @property
    def default_model(self) -> str | None:
        """The model that answers where none is named: the one set, or else the only one."""
        if self._default_model is not None:
            return self._default_model
        return next(iter(self.models)) if len(self.models) == 1 else None

    @property
    def why_not_ready(self) -> str | None:
        """None where a model is loaded, self-tested and warm; otherwise what is missing."""
        if self._draining:
            return "the service is stopping"
        if not self._started:
            return self._failure or "models are being loaded"
        if any(version.servables for version in self._serving.values()):
            return None
        reasons = [v.refusal for versions in self.models.values() for v in versions.values() if v.refusal]
        return (
            "; ".join(["no model is loaded", *reasons]) if self.models else f"no model in {self._store.root}"
        )

    def drain(self) -> None:
        """Be ready no more, and answer on."""
        self._draining = True

    async def start(self) -> None:
        """Load the newest sound version of each model."""
        try:
            await self.refresh()
        except Exception as error:  # the edge of a background task: whoever asks for readiness is told
            logger.exception("could not load the models")
            self._failure = f"the models could not be loaded ({type(error).__name__})"
        else:
            self._started = True

    async def watch(self, interval_s: float) -> None:
        """Look for new versions for ever, every `interval_s` seconds."""
        while True:
            await asyncio.sleep(interval_s)
            try:
                await self.refresh()
            except Exception:  # the edge of a background task: what serves goes on, the next look may work
                logger.exception("could not look for new versions")

    async def refresh(self) -> None:
        """Bring what is known in line with what is on disk; swap in new versions that are sound."""
        for model in await asyncio.to_thread(self._store.models):
            numbers = await asyncio.to_thread(self._store.versions, model)
            known = self.models.get(model, {})
            found = {number: known.get(number) or Version(model, number) for number in numbers}
            current = self._serving.get(model)
            if current is not None:
                found.setdefault(current.number, current)  # it serves on, though its files are gone
            self.models[model] = dict(sorted(found.items()))
            await self._serve_newest(model, numbers)
            self._announce_refused(model)

    async def _serve_newest(self, model: str, numbers: list[int]) -> None:
        current = self._serving.get(model)
        newest = await self._newest(numbers, self.models[model])
        if newest is None or newest is current or newest.bundle is None:
            return
        for variant in newest.bundle.manifest.variants:
            wanted = variant.format == "tflite" if self._preload is None else variant.name in self._preload
            in_use = current is not None and variant.name in current.servables
            if (wanted or in_use) and is_available(variant):
                await self._load(newest, variant.name)
        if current is not None and newest.failures:
            name, reason = next(iter(newest.failures.items()))
            newest.unload()
            self.epoch += 1  # who asked for it by its number must be told
            self._refuse(newest, f"variant {name!r} could not be loaded: {reason}")
            return
        self._serving[model] = newest
        self.epoch += 1
        logger.info("%s/%d serves", model, newest.number)
        if current is not None:
            current.unload()
        self._announce(newest)

    def loaded(self, model: str | None, number: int | None, variant: str | None) -> Servable | None:
        """Return what a request means where it is loaded already, without waiting."""
        name = model or self.default_model or ""
        version = self._serving.get(name) if number is None else self.models.get(name, {}).get(number)
        if version is None or version.bundle is None:
            return None
        return version.servables.get(variant or version.bundle.manifest.default_variant)

    def example(self) -> Any:
        """Return an instance that the default model takes, None where there is no such model."""
        version = self._serving.get(self.default_model or "")
        return None if version is None else version.example

    async def resolve(self, model: str | None, number: int | None, variant: str | None) -> Servable:
        """Return what a request means, loading it where needed.

        Raises UnknownTargetError where there is no such thing, and UnavailableError where it cannot run here.
        """
        version = await self.version(model, number)
        bundle = version.bundle
        if bundle is None:
            raise UnavailableError(
                f"version {version.number} of {version.model!r} was refused: {version.refusal}"
            )
        name = variant or bundle.manifest.default_variant
        if bundle.manifest.variant(name) is None:
            names = ", ".join(known.name for known in bundle.manifest.variants)
            raise UnknownTargetError(f"{version.model!r} has no variant {shown(name)}; it has: {names}")
        state = version.variant_state(name)
        if state == "unavailable":
            raise UnavailableError(f"variant {name!r} needs TensorFlow, which is not installed here")
        if state == "available":
            await self._load(version, name)
        if version.bundle is None:  # it was replaced while this variant was being loaded
            return await self.resolve(model, number, variant)
        servable = version.servables.get(name)
        if servable is None:
            raise UnavailableError(f"variant {name!r} could not be loaded: {version.failures[name]}")
        return servable

    async def version(self, model: str | None, number: int | None) -> Version:
        """Return a version with its bundle opened or refused. Raises as `resolve` does."""
        name = model if model is not None else self.default_model
        known = ", ".join(self.models) or "none"
        if name is None and self.models:
            raise UnknownTargetError(f"there are several models, say which with ?model=; there are: {known}")
        versions = self.models.get(name, {}) if name is not None else {}
        if name is None or not (versions or self._started):
            raise UnavailableError(self.why_not_ready or "no model is loaded")
        if not versions:
            raise UnknownTargetError(f"there is no model {shown(name)}; there are: {known}")
        if number is None:
            newest = self._serving.get(name) or await self._newest(sorted(versions), versions)
            if newest is None:
                raise UnavailableError(
                    f"every version of {name!r} was refused: {versions[max(versions)].refusal}"
                )
            return newest
        if number not in versions:
            numbers = ", ".join(map(str, versions))
            raise UnknownTargetError(f"{name!r} has no version {number}; it has: {numbers}")
        await self._open(versions[number])
        return versions[number]

    def _unload_others(self, used: Version) -> None:
        """Keep, besides the version that serves and the newest in the making, only the one used last."""
        serving = self._serving.get(used.model)
        if serving is None or used.number >= serving.number:
            return
        for version in self.models[used.model].values():
            if version is not used and version.number < serving.number and version.servables:
                version.unload()

    def _announce(self, version: Version) -> None:
        if version.bundle is not None and self._serving.get(version.model) is version:
            names = [variant.name for variant in version.bundle.manifest.variants]
            self._metrics.serve(version.model, version.number, {n: n in version.servables for n in names})

    async def _newest(self, numbers: list[int], versions: dict[int, Version]) -> Version | None:
        for number in reversed(numbers):
            version = versions[number]
            await self._open(version)
            if version.bundle is not None:
                return version
        return None

    async def _open(self, version: Version) -> None:
        if version.is_settled():
            return
        async with self._loading:
            if version.is_settled():
                return
            try:
                opened = await asyncio.to_thread(open_proven, self._store, version.model, version.number)
            except BundleError as error:
                self._refuse(version, str(error))
            else:
                version.bundle, version.example = opened

    def _refuse(self, version: Version, reason: str) -> None:
        version.refusal = reason
        self._announce_refused(version.model)
        logger.error("refused %s/%d: %s", version.model, version.number, reason)

    def _announce_refused(self, model: str) -> None:
        refused = [version.number for version in self.models[model].values() if version.refusal is not None]
        self._metrics.refuse(model, max(refused, default=0))

    async def _load(self, version: Version, variant: str) -> None:
        async with self._loading:
            if variant in version.servables or version.bundle is None:
                return
            try:
                servable = await asyncio.to_thread(self._load_servable, version.bundle, variant)
            except BundleError as error:
                version.failures[variant] = str(error)
                logger.error("could not load %s/%d %s: %s", version.model, version.number, variant, error)
            else:
                version.servables[variant] = servable
                self._unload_others(version)
                self.epoch += 1
                self._announce(version)
                logger.info("loaded %s/%d %s", version.model, version.number, variant)
