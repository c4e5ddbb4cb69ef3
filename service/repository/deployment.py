"""Follows what is on disk: new versions are proven, loaded and swapped in; what is gone is let go."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial

from bundle.manifest import CASCADE, VariantSpec
from bundle.runtimes import is_available
from bundle.store import ModelStore, Snapshot
from service.repository.catalogue import Catalogue
from service.repository.failure import Failure
from service.repository.loader import Loader
from service.repository.thread import in_thread
from service.repository.version import Version

logger = logging.getLogger("service")


class Deployment:
    """Sees to every model at the same time: one that takes long, or cannot be read, holds up no other."""

    def __init__(
        self,
        store: ModelStore,
        catalogue: Catalogue,
        loader: Loader,
        *,
        preload: tuple[str, ...] | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._loader = loader
        self._preload = preload
        self._clock = clock
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self.unreadable: dict[str, str] = {}
        """Why the folder of a model cannot be read now."""

    @property
    def is_settled(self) -> bool:
        """Whether another look would tell nothing new, as long as nothing changes on disk."""
        versions = (v for versions in self._catalogue.models.values() for v in versions.values())
        return not (self._under_way or self.unreadable or any(v.settling.is_open for v in versions))

    async def look(self) -> list[asyncio.Task[None]]:
        """Begin to bring what is known in line with what is on disk; return what is under way.

        Raises OSError where the store cannot be read.
        """
        found = await in_thread(self._store.survey)
        self._note_unreadable({name: e for name, e in found.items() if isinstance(e, OSError)})
        for model, numbers in found.items():
            if model not in self._under_way and not isinstance(numbers, OSError):
                self._catalogue.find(model, numbers)
                task = self._under_way[model] = asyncio.create_task(self._see_to(model, numbers))
                task.add_done_callback(partial(self._done, model))
        for model in self._catalogue.models.keys() - found.keys() - self._under_way.keys():
            self._catalogue.miss(model, self._clock())
        return list(self._under_way.values())

    def _done(self, model: str, _: asyncio.Task[None]) -> None:
        del self._under_way[model]

    def _note_unreadable(self, errors: dict[str, OSError]) -> None:
        reasons = {
            name: f"{self._store.root / name} cannot be read ({e.strerror})" for name, e in errors.items()
        }
        for name, reason in reasons.items():
            if self.unreadable.get(name) != reason:
                logger.error("%s", reason)
        self.unreadable = reasons

    async def _see_to(self, model: str, numbers: list[int]) -> None:
        try:
            self._catalogue.note_use(model, self._clock())
            await self._look_again(model, numbers)
            await self._serve_newest(model, numbers)
        except Exception:  # the edge of a background task: what serves goes on, the next look may work
            logger.exception("could not see to %s", model)
        self._catalogue.announce_refused(model)

    async def _look_again(self, model: str, numbers: list[int]) -> None:
        """Open again what has changed, and what may be whole or readable by now."""
        now = self._clock()
        versions = [v for v in self._catalogue.models[model].values() if v.number in numbers]
        opened = [version for version in versions if version.was_looked_at()]
        snapshots = await in_thread(partial(self._snapshots, opened))
        for version, snapshot in zip(opened, snapshots, strict=True):
            version.settling.see(snapshot, now)
            if not version.settling.is_due(now):
                continue
            if version.bundle is None:
                await self._loader.open(version)
            else:
                await self._read_anew(version)

    def _snapshots(self, versions: list[Version]) -> list[Snapshot]:
        return [self._store.snapshot(version.model, version.number) for version in versions]

    async def _read_anew(self, version: Version) -> None:
        """Open a version whose files have changed since; what was loaded answers until it is replaced."""
        fresh = Version(version.model, version.number, version.settling)
        await self._loader.open(fresh)
        if fresh.bundle is None:
            version.doubt(f"has changed since: {fresh.detail}", stands=fresh.is_refused)
        elif version.bundle is not None and fresh.bundle.manifest == version.bundle.manifest:
            version.trust(fresh.bundle)
            version.failures.clear()
        else:
            self._catalogue.replace(fresh)

    async def _serve_newest(self, model: str, numbers: list[int]) -> None:
        """Let the newest version answer that is sound and has all that is wanted of it."""
        current = self._catalogue.serving.get(model)
        failed: list[tuple[Version, str, Failure]] = []
        chosen = None
        for number in reversed(numbers):
            version = self._catalogue.models[model][number]
            if not version.was_looked_at():
                await self._loader.open(version)
            if version.bundle is None:
                continue
            lost = await self._load_wanted(version, current)
            if lost is None or version is current:
                chosen = version
                break
            failed.append((version, *lost))
        if chosen is None and current is None and failed:
            chosen = failed.pop(0)[0]  # with what is sound of it
            await self._load_any(chosen)
        for refused, variant, failure in failed:
            self._refuse(refused, variant, failure)
        if chosen is not None and chosen is not current and chosen.bundle is not None:
            self._catalogue.serve(chosen)

    async def _load_wanted(self, version: Version, current: Version | None) -> tuple[str, Failure] | None:
        """Load what is to be loaded and what is in use now; return the first that cannot be, and why."""
        lost = None
        in_use = current.servables if current is not None else ()
        rungs = version.rungs(CASCADE) if CASCADE in in_use or CASCADE in (self._preload or ()) else ()
        for variant in version.bundle.manifest.variants if version.bundle is not None else ():
            if (version.model, variant.name) in self._catalogue.put_aside:
                continue
            is_wanted = variant.name in in_use or variant.name in rungs or self._is_wanted(variant)
            if is_wanted and is_available(variant):
                loaded = await self._loader.load(version, variant.name)
                if isinstance(loaded, Failure):
                    lost = lost or (variant.name, loaded)
        return lost

    def _is_wanted(self, variant: VariantSpec) -> bool:
        return variant.format == "tflite" if self._preload is None else variant.name in self._preload

    async def _load_any(self, version: Version) -> None:
        """Load some variant that can be, the version's own default first, where none is that was wanted."""
        if version.bundle is None:
            return
        manifest = version.bundle.manifest
        for variant in sorted(manifest.variants, key=lambda one: one.name != manifest.default_variant):
            if version.servables:
                return
            if variant.format == "tflite" and is_available(variant):
                await self._loader.load(version, variant.name)

    def _refuse(self, version: Version, variant: str, failure: Failure) -> None:
        reason = f"variant {variant!r} could not be loaded: {failure.reason}"
        self._catalogue.refuse(version, reason, stands=version.settling.fail(self._clock(), failure))
