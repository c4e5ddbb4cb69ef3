"""One thing that a run checks of itself, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """A check of one measurement. Where one that `voids` did not pass, the figures must not be believed."""

    name: str
    """Short and fixed, such as `generator` or `core`: a key, not a sentence."""
    passed: bool | None
    """None where the check could not be made; `detail` says why."""
    detail: str
    """One sentence with the figures that decided."""
    voids: bool = True
    """False where a failure is a finding about the service that leaves the figures what they are."""

    @property
    def is_void(self) -> bool:
        return self.voids and self.passed is False
