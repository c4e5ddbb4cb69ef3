"""One version of a model on disk, and what has become of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from bundle.bundle import Bundle
from bundle.runtimes import is_available
from bundle.selftest import check_apart
from bundle.store import ModelStore
from service.repository.servable import Servable

State = Literal["loaded", "available", "unavailable", "failed"]


@dataclass
class Version:
    """One version on disk. Its bundle is opened when first needed, and then either trusted or refused."""

    model: str
    number: int
    bundle: Bundle | None = None
    refusal: str | None = None
    example: Any = None
    """An instance that the model takes."""
    servables: dict[str, Servable] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def is_settled(self) -> bool:
        """Whether the bundle has been opened, with whatever result."""
        return self.bundle is not None or self.refusal is not None

    @property
    def state(self) -> Literal["serving", "unloaded", "refused"]:
        if self.refusal is not None:
            return "refused"
        return "serving" if self.servables else "unloaded"

    def variant_state(self, name: str) -> State:
        """Tell what has become of a variant of this version, which must have been opened."""
        if name in self.servables:
            return "loaded"
        if name in self.failures:
            return "failed"
        variant = self.bundle and self.bundle.manifest.variant(name)
        return "available" if variant and is_available(variant) else "unavailable"

    def unload(self) -> None:
        """Let go of everything; requests in flight hold what they need."""
        self.bundle = None
        self.servables = {}
        self.failures = {}


def open_proven(store: ModelStore, model: str, number: int) -> tuple[Bundle, Any]:
    """Open a version's bundle and prove it; return it with an instance it takes. Raises BundleError."""
    bundle = store.open(model, number)
    check_apart(bundle)
    instances = bundle.test_instances()
    first = instances[0] if instances else bundle.golden(bundle.manifest.default_variant)[0][0].tolist()
    return bundle, first
