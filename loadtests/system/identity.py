"""Whether the service that was measured is the same from the first request to the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from loadtests.system.metrics import Metrics


@dataclass(frozen=True)
class Identity:
    """What tells a running service from another, as far as its metrics say; None where they do not."""

    version: float | None
    """The version of the model that serves."""
    counting_since: float | None
    """When it began to count the variant's requests: anew after every start."""
    answered: float | None
    """Requests of the variant that it has answered, which never become fewer."""

    @classmethod
    def of(cls, metrics: Metrics, model: str, variant: str, answered: float | None) -> Self:
        """Find the identity in the metrics."""
        created = {"model": model, "outcome": "200", "variant": variant}
        return cls(
            metrics.among("model_version", {"model": model}),
            metrics.value("requests_created", created),
            answered,
        )

    def became(self, later: Identity) -> str | None:
        """Return what happened to the service since, or None where it is the same."""
        if self.version is not None and later.version != self.version:
            return f"another version was put in its place ({self.version:.0f}, then {_text(later.version)})"
        if self.counting_since is not None and later.counting_since != self.counting_since:
            return "it was started again"
        if self.answered is not None and (later.answered is None or later.answered < self.answered):
            return "it was started again: it has answered fewer requests than before"
        return None


def _text(version: float | None) -> str:
    return "none" if version is None else f"{version:.0f}"  # up to 19 digits: it may be a time stamp
