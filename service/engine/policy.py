"""What holds for a model where a request leaves the variant, or a bound, to the service."""

from __future__ import annotations

from dataclasses import dataclass

from service.wire.wish import Objective


@dataclass(frozen=True, slots=True)
class Policy:
    """The operator's word; a request's own bounds come before it."""

    default_variant: str | None = None
    """What answers where a request names no variant, `auto` and `cascade` included; None: the bundle's."""
    variants: tuple[str, ...] | None = None
    """Those that `auto` may choose; None: all that are loaded."""
    min_accuracy: float = 0.0
    """The floor of `auto`."""
    max_latency_ms: float | None = None
    """What `auto` aims to keep; None: the longest wait that the service allows."""
    objective: Objective = "accuracy"

    def allows(self, variant: str) -> bool:
        """Whether `auto` may choose a variant."""
        return self.variants is None or variant in self.variants
