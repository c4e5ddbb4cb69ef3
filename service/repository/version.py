"""One version of a model on disk, and what has become of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bundle.bundle import Bundle
from bundle.manifest import CASCADE
from bundle.proof.portability import Here
from bundle.runtimes import is_available
from service.engine.choice import Chooser, Option
from service.repository.servable import Servable
from service.repository.settling import Settling
from service.wire.target import Target

State = Literal["loaded", "available", "unavailable", "failed"]
VersionState = Literal["serving", "unloaded", "settling", "refused"]


@dataclass(eq=False)
class Version:
    """One version on disk. Its bundle is opened when first needed, and then either trusted or refused."""

    model: str
    number: int
    settling: Settling = field(default_factory=Settling)
    bundle: Bundle | None = None
    detail: str | None = None
    """What is wrong with its files, if anything. What was loaded before they changed serves on."""
    servables: dict[str, Servable] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    chooser: Chooser | None = None
    """Chooses among those that are loaded; None until somebody leaves it to the service."""
    here: Mapping[str, Here] | None = None
    """How this processor answers the test rows, by variant, without those of which that cannot be known; None
    until it was looked into."""
    used: float = 0.0
    """When it was last seen in use."""
    _stands: bool = False
    _calls: int = 0
    _options: dict[Servable, Option | None] = field(default_factory=dict)

    def was_looked_at(self) -> bool:
        """Whether the bundle has been opened, with whatever result."""
        return self.bundle is not None or self.detail is not None

    @property
    def is_refused(self) -> bool:
        """Whether something is wrong with its files, and that is the last word until they change."""
        return self.detail is not None and self._stands

    @property
    def refusal(self) -> str | None:
        """Why it cannot be served, None where it can, or that is not certain yet."""
        return self.detail if self.bundle is None and self._stands else None

    @property
    def state(self) -> VersionState:
        if self.bundle is None and self.detail is not None:
            return "refused" if self._stands else "settling"
        return "serving" if self.servables else "unloaded"

    def variant_state(self, name: str) -> State:
        """Tell what has become of a variant of this version, which must have been opened."""
        if name in self.servables:
            return "loaded"
        if self.failure(name) is not None:
            return "failed"
        if self.bundle is None:
            return "unavailable"
        variants = [self.bundle.manifest.variant(one) for one in self.rungs(name) or (name,)]
        return "available" if all(one and is_available(one) for one in variants) else "unavailable"

    def failure(self, name: str) -> str | None:
        """Say why a variant could not be loaded, or the cascade; None where nothing is known to be wrong."""
        failed = [one for one in self.rungs(name) if one in self.failures]
        return f"{failed[0]!r}: {self.failures[failed[0]]}" if failed else self.failures.get(name)

    def rungs(self, name: str) -> tuple[str, ...]:
        """Return the variants that answer together by that name; none where it is one of its own."""
        cascade = self.bundle and self.bundle.manifest.cascade
        return (cascade.first, cascade.second) if cascade and name == CASCADE else ()

    @property
    def names(self) -> list[str]:
        """All that can be asked for by name: the variants, and the cascade where there is one."""
        if self.bundle is None:
            return []
        manifest = self.bundle.manifest
        return [*(variant.name for variant in manifest.variants), *([CASCADE] if manifest.cascade else [])]

    def options(self) -> list[Option]:
        """Return what there is to choose among: what is loaded, the most accurate first."""
        self._options = {one: self._options.get(one) or self._option(one) for one in self.servables.values()}
        known = [option for option in self._options.values() if option is not None]
        return sorted(known, key=lambda one: one.accuracy_low, reverse=True)

    def _option(self, servable: Servable) -> Option | None:
        """Return a variant as one to be chosen: always the same, for it learns."""
        name = servable.signature.variant
        scores = None if self.bundle is None else self.bundle.manifest.scores(name)
        if scores is None:
            return None
        target = Target(self.model, self.number, name)
        return Option(target, name, scores.accuracy, scores.accuracy_low, servable.batcher)

    def trust(self, bundle: Bundle) -> None:
        """Take the bundle, which was proven."""
        self.settling.end()
        self.bundle, self.detail, self.here = bundle, None, None

    def doubt(self, detail: str, *, stands: bool) -> None:
        """Say what is wrong with its files."""
        self.detail, self._stands = detail, stands

    def take_in(self, name: str, servable: Servable) -> None:
        """Let what was loaded just now answer, and be chosen."""
        self.servables[name] = servable
        self.chooser = None

    def let_go(self, name: str) -> None:
        """Let go of what answers by a name; requests in flight hold what they need."""
        self._options.pop(self.servables.pop(name), None)
        self.chooser = None

    def unload(self) -> None:
        """Let go of everything; as above."""
        self.bundle = self.chooser = None
        self.servables = {}
        self._options = {}
        self.failures = {}

    def note_use(self, now: float) -> None:
        """See whether it has answered since this was asked last."""
        calls = sum(servable.batcher.calls for servable in self.servables.values())
        if calls != self._calls:
            self._calls, self.used = calls, now
