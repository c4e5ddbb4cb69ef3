"""Knows what a request means: which model, version and variant; and whether anything can answer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from bundle.bundle import Bundle
from bundle.manifest import AUTO
from bundle.store import ModelStore
from service.errors import InvalidRequestError, UnavailableError, UnknownTargetError, shown
from service.observe.metrics import Metrics
from service.repository.catalogue import Catalogue
from service.repository.deployment import Deployment
from service.repository.failure import Failure
from service.repository.loader import Load, Loader
from service.repository.policy.policies import Policies
from service.repository.proof.prover import Prover
from service.repository.servable import Meant
from service.repository.version import State, Version
from service.repository.wishes import missing_default, missing_model, missing_variants
from service.settings import OLD_VERSIONS

logger = logging.getLogger("service")

_AGAIN_S = 1.0
_KNOWN_S = 5.0  # for which a request waits until it is known which models there are


class Registry:
    """The models of a store."""

    def __init__(
        self,
        store: ModelStore,
        load: Load,
        metrics: Metrics,
        *,
        default_model: str | None,
        preload: tuple[str, ...] | None,
        old_versions: int = OLD_VERSIONS,
        prover: Prover | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self.catalogue = Catalogue(metrics, default_model=default_model, old_versions=old_versions)
        self._loader = Loader(store, self.catalogue, load, prover or Prover(), clock)
        self._deployment = Deployment(store, self.catalogue, self._loader, preload=preload, clock=clock)
        self._failure: str | None = None
        self._started = False
        self._draining = False
        self._wanted_model = default_model
        self._wanted_variants = preload
        self._said: set[str] = set()
        self.policies = Policies()
        """Which may be replaced until the first look."""
        self._known = asyncio.Event()  # unless the first look is under way: which models there are
        self._known.set()

    @property
    def models(self) -> dict[str, dict[int, Version]]:
        """The versions of each model, by number."""
        return self.catalogue.models

    @property
    def serving(self) -> dict[str, Version]:
        """The version of each model that answers where a request names none."""
        return self.catalogue.serving

    @property
    def default_model(self) -> str | None:
        """The model that answers where none is named: the one set, or else the only one."""
        return self.catalogue.default_model

    @property
    def why_not_ready(self) -> str | None:
        """None where a model is loaded, self-tested and warm; otherwise what is missing."""
        if self._draining:
            return "the service is stopping"
        if not self._started:
            return self._failure or "models are being loaded"
        if any(version.servables for version in self.serving.values()):
            return missing_model(self._wanted_model, self.models)
        versions = [version for versions in self.models.values() for version in versions.values()]
        details = [version.detail for version in versions if version.detail is not None]
        failures = [failure for version in versions for failure in version.failures.values()]
        reasons = [*details, *failures, *self._deployment.unreadable.values()]
        is_empty = not (self.models or reasons)
        first = f"no model in {self._store.root}" if is_empty else "no model is loaded"
        return "; ".join([first, *self._missing(), *reasons])

    def drain(self) -> None:
        """Be ready no more, and answer on."""
        self._draining = True

    async def start(self) -> None:
        """Load the newest sound version of each model; what cannot be read now, `watch` reads later."""
        self._known.clear()
        await self._look()

    async def watch(self, interval_s: float) -> None:
        """Look for new versions for ever, every `interval_s` seconds.

        With 0, only for what was not whole or could not be read when it was looked at.
        """
        while True:
            await asyncio.sleep(interval_s or _AGAIN_S)
            if interval_s or not (self._started and self._is_settled):
                await self._look()

    async def refresh(self) -> None:
        """Bring what is known in line with what is on disk; swap in new versions that are sound."""
        try:
            await self._look_at_policies()
            under_way = await self._deployment.look()
        finally:
            self._known.set()
        await asyncio.gather(*under_way)
        self._note_policies()
        self._started = True

    async def _look_at_policies(self) -> None:
        for model in await self.policies.look(self._store.root, self._clock()):
            self.catalogue.choose_anew(model)

    def _note_policies(self) -> None:
        for model, is_wrong in self.policies.note(self.serving.values()).items():
            self._metrics.refuse_policy(model, is_refused=is_wrong)

    @property
    def _is_settled(self) -> bool:
        return self._deployment.is_settled and self.policies.is_settled

    async def _look(self) -> None:
        try:
            if self._started:
                await self._look_at_policies()
                await self._deployment.look()
                self._note_policies()
            else:
                await self.refresh()
        except (
            Exception
        ) as error:  # the edge of a background task: what serves goes on, the next look may work
            what = "could not look for new versions" if self._started else "the models could not be loaded"
            failure = f"{what} ({type(error).__name__}: {error})"
            if failure != self._failure:
                logger.error("%s", failure, exc_info=None if isinstance(error, OSError) else error)
            self._failure = failure
        else:
            self._failure = None
            for said in self._missing():
                if said not in self._said:
                    self._said.add(said)
                    logger.warning("%s", said)

    def _missing(self) -> list[str]:
        """Say which names that were set are of nothing that there is now."""
        manifests = {name: v.bundle.manifest for name, v in self.serving.items() if v.bundle is not None}
        model = missing_model(self._wanted_model, self.models)
        default = missing_default(self.policies.of_all.default_variant, manifests)
        return [
            *([model] if model else []),
            *missing_variants(self._wanted_variants, manifests),
            *([default] if default else []),
        ]

    def loaded(self, model: str | None, number: int | None, variant: str | None) -> Meant | None:
        """Return what a request means where it is loaded already, without waiting."""
        name = model or self.default_model or ""
        version = self.serving.get(name) if number is None else self.models.get(name, {}).get(number)
        if version is None or version.bundle is None:
            return None
        return self._meant(version, variant or self.policies.default_variant(version, version.bundle))

    async def resolve(self, model: str | None, number: int | None, variant: str | None) -> Meant:
        """Return what a request means, loading it where needed.

        Raises UnknownTargetError where there is no such thing, and UnavailableError where it cannot run here.
        """
        version, bundle, asked = await self.find(model, number, variant)
        name = self.policies.first(version, bundle) if asked == AUTO else asked
        if version.variant_state(name) == "unavailable":
            raise UnavailableError(f"variant {name!r} needs TensorFlow, which is not installed here")
        if meant := self._meant(version, asked):
            return meant
        loaded = await self._loader.load(version, name)
        if isinstance(loaded, Failure):
            raise UnavailableError(f"variant {name!r} could not be loaded: {loaded.reason}")
        if loaded is None or asked == AUTO:
            return await self.resolve(model, number, variant)
        return Meant(loaded)

    def _meant(self, version: Version, variant: str) -> Meant | None:
        """Return what a variant of a version is; of `auto`, what stands for all until one is chosen."""
        if variant != AUTO:
            servable = version.servables.get(variant)
            return None if servable is None else Meant(servable)
        chooser = self.policies.chooser(version)
        return None if chooser is None else Meant(version.servables[chooser.carrier.variant], chooser)

    async def find(
        self, model: str | None, number: int | None, variant: str | None
    ) -> tuple[Version, Bundle, str]:
        """Return the version that a request means, its bundle, and the name of the variant, loaded or not.

        Raises UnknownTargetError where there is no such thing, and UnavailableError where it has no bundle.
        """
        version = await self.version(model, number)
        bundle = version.bundle
        if bundle is None:
            raise UnavailableError(why_unavailable(version))
        name = variant or self.policies.default_variant(version, bundle)
        if name != AUTO and bundle.manifest.scores(name) is None:
            names = ", ".join([*version.names, AUTO])
            raise UnknownTargetError(f"{version.model!r} has no variant {shown(name)}; it has: {names}")
        return version, bundle, name

    def state(self, version: Version, variant: str) -> State:
        """Tell what has become of a variant, or of `auto`: loaded where any is that may be chosen."""
        if variant == AUTO:
            return "available" if self.policies.chooser(version) is None else "loaded"
        return version.variant_state(variant)

    async def unload(self, model: str | None, variant: str | None) -> None:
        """Let go of a variant until it is loaded again, or asked for.

        Raises as `find` does, and InvalidRequestError for `auto`, which is none.
        """
        version, _, name = await self.find(model, None, variant)
        if name == AUTO:
            names = ", ".join(version.servables)
            raise InvalidRequestError(f"{AUTO!r} is whichever variant is chosen; unload one of: {names}")
        self.catalogue.put_away(version.model, name)

    async def version(self, model: str | None, number: int | None) -> Version:
        """Return a version with its bundle opened or refused. Raises as `resolve` does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_KNOWN_S):
                await self._known.wait()
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
            newest = self.serving.get(name) or await self._loader.newest(versions)
            if newest is None:
                raise UnavailableError(why_unavailable(versions[max(versions)]))
            return newest
        if number not in versions:
            numbers = ", ".join(map(str, versions))
            raise UnknownTargetError(f"{name!r} has no version {number}; it has: {numbers}")
        version = versions[number]
        if not version.was_looked_at():
            await self._loader.open(version)
        return version


def why_unavailable(version: Version) -> str:
    """Say why a version has no bundle."""
    state = "was refused" if version.is_refused else "is not whole yet"
    return f"version {version.number} of {version.model!r} {state}: {version.detail}"
