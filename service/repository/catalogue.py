"""Which models and versions are known, and which of them serve."""

from __future__ import annotations

import logging

from bundle.manifest import CASCADE
from service.observe.metrics import Metrics
from service.repository.servable import join
from service.repository.settling import SETTLE_S
from service.repository.version import Version

logger = logging.getLogger("service")


class Catalogue:
    """The models that were found, changed by those who look for them, load them and replace them."""

    def __init__(self, metrics: Metrics, *, default_model: str | None, old_versions: int) -> None:
        self._metrics = metrics
        self._default_model = default_model
        self._old_versions = old_versions
        self._gone: dict[str, float] = {}
        self.models: dict[str, dict[int, Version]] = {}
        self.serving: dict[str, Version] = {}
        self.put_aside: set[tuple[str, str]] = set()
        """Models and variants that were unloaded by hand: no look loads them, only who asks for them."""
        self.epoch = 0
        """Grows whenever the same request could mean something else than before."""

    @property
    def default_model(self) -> str | None:
        """The model that answers where none is named: the one set, or else the only one.

        One whose files are gone answers until another serves in its place.
        """
        if self._default_model is not None:
            return self._default_model
        present = [model for model in self.models if model not in self._gone]
        if not any(model in self.serving for model in present):
            present = list(self.serving) or present
        return present[0] if len(present) == 1 else None

    def find(self, model: str, numbers: list[int]) -> None:
        """Take note of the versions that are on disk; the one that serves goes on when it is not."""
        known = self.models.get(model, {})
        found = {number: known.get(number) or Version(model, number) for number in numbers}
        current = self.serving.get(model)
        if current is not None:
            found.setdefault(current.number, current)
        if not known or self._gone.pop(model, None) is not None:
            self.epoch += 1
        self.models[model] = dict(sorted(found.items()))
        self.announce_refused(model)

    def miss(self, model: str, now: float) -> None:
        """Take note that a model's files are gone; forget it when that lasts and another one serves.

        A store that has become empty may be a disk that was taken away: what is loaded answers on.
        """
        if model not in self._gone:
            self._gone[model] = now
            self.epoch += 1
            current = self.serving.get(model)
            self.models[model] = {} if current is None else {current.number: current}
        in_its_place = any(other not in self._gone for other in self.serving)
        if model not in self.serving or (in_its_place and now - self._gone[model] >= SETTLE_S):
            del self.models[model], self._gone[model]
            self.serving.pop(model, None)
            self.put_aside = {aside for aside in self.put_aside if aside[0] != model}
            self.epoch += 1
            self._metrics.forget(model)
            logger.info("%s is gone", model)

    def replace(self, version: Version) -> None:
        """Put a version in the place of the one that had its number before."""
        self.models[version.model][version.number] = version
        self.epoch += 1

    def serve(self, version: Version) -> None:
        """Let a version answer for its model from now on."""
        current = self.serving.get(version.model)
        self.serving[version.model] = version
        self.epoch += 1
        logger.info("%s/%d serves", version.model, version.number)
        if current is not None:
            current.unload()
        self.announce(version)

    def refuse(self, version: Version, reason: str, *, stands: bool) -> None:
        """Let go of a version, and say why it cannot be served."""
        version.unload()
        version.doubt(reason, stands=stands)
        self.epoch += 1  # who asked for it by its number must be told
        self.announce_refused(version.model)
        level = logging.ERROR if stands else logging.INFO
        logger.log(level, "%s %s/%d: %s", version.state, version.model, version.number, reason)

    def put_away(self, model: str, variant: str) -> None:
        """Let go of a variant of all versions; requests in flight hold what they need."""
        self.put_aside.add((model, variant))
        for version in self.models.get(model, {}).values():
            for name in [one for one in version.servables if variant in (one, *version.rungs(one))]:
                version.let_go(name)
                logger.info("unloaded %s/%d %s", model, version.number, name)
            self.announce(version)
        self.epoch += 1

    def choose_anew(self, model: str) -> None:
        """Forget what chooses among the variants of a model, whose policy is another now."""
        for version in self.models.get(model, {}).values():
            version.chooser = None
        self.epoch += 1

    def take_in(self, version: Version, variant: str, now: float) -> None:
        """Let a variant that was loaded just now answer."""
        self.put_aside.discard((version.model, variant))
        self.note_use(version.model, now)
        version.used = now
        if (version.model, CASCADE) not in self.put_aside:
            self._join(version)
        self._make_room(version)
        self.epoch += 1
        self.announce(version)

    def _join(self, version: Version) -> None:
        """Make the cascade of a version, where it has one and both rungs are loaded."""
        spec = version.bundle and version.bundle.manifest.cascade
        if not spec or CASCADE in version.servables:
            return
        first, second = (version.servables.get(name) for name in (spec.first, spec.second))
        if first is not None and second is not None:
            version.take_in(CASCADE, join(spec, first, second, metrics=self._metrics))
            logger.info("loaded %s/%d %s", version.model, version.number, CASCADE)

    def note_use(self, model: str, now: float) -> None:
        """See which versions of a model have answered since this was asked last."""
        for version in self.models.get(model, {}).values():
            version.note_use(now)

    def _make_room(self, used: Version) -> None:
        """Unload the versions older than the one that serves, but for the one in use and those used last."""
        serving = self.serving.get(used.model)
        if serving is None:
            return
        old = [v for v in self.models[used.model].values() if v.servables and v.number < serving.number]
        old.sort(key=lambda version: (version is used, version.used), reverse=True)
        for version in old[self._old_versions :]:
            version.unload()

    def announce(self, version: Version) -> None:
        """Tell the metrics which variants of the version that serves are loaded."""
        if version.bundle is not None and self.serving.get(version.model) is version:
            manifest = version.bundle.manifest
            loaded = {name: name in version.servables for name in version.names}
            self._metrics.serve(version.model, version.number, loaded)
            self._metrics.cascades.serve(version.model, version.number, manifest.cascade)

    def announce_refused(self, model: str) -> None:
        """Tell the metrics the newest version that was refused."""
        refused = [version.number for version in self.models.get(model, {}).values() if version.is_refused]
        self._metrics.refuse(model, max(refused, default=0))
