"""What one load on one variant came to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from loadtests.probe import Unloaded
from loadtests.summary import Summary

GENERATOR_CPU_MAX = 0.9  # beyond it, the load generator is taken to have been the limit


@dataclass(frozen=True)
class Result:
    """A variant at one number of rows a request."""

    variant: str
    rows: int
    bytes: int
    offline_accuracy: float
    """As the bundle's manifest has it: over the whole test set, without HTTP."""
    summary: Summary
    unloaded: Unloaded
    resident_bytes: int | None
    """Memory of the service at the end of the load; None where the service is not ours to look into."""
    samples: str
    """File of the raw samples, in the folder of the report."""

    @property
    def generator_limited(self) -> bool:
        return (self.summary.generator_cpu or 0.0) > GENERATOR_CPU_MAX

    def as_json(self) -> dict[str, Any]:
        """Return every figure by name, units in the names, nothing rounded."""
        summary = asdict(self.summary)
        return {
            "variant": self.variant,
            "rows_per_request": self.rows,
            "requests": self.summary.answers + self.summary.failed,
            "failed": self.summary.failed,
            **summary,
            "unloaded": {**asdict(self.unloaded), "model_share": self.unloaded.model_share},
            "generator_limited": self.generator_limited,
            "resident_bytes": self.resident_bytes,
            "variant_bytes": self.bytes,
            "offline_accuracy": self.offline_accuracy,
            "samples": self.samples,
        }


@dataclass(frozen=True)
class Skipped:
    """A variant, or some of its loads, that could not be measured, and why."""

    variant: str
    reason: str
    failed: bool
    """False where nothing went wrong: it simply cannot run here."""
