"""Decides when a version's folder is looked at again: it may be on its way, or hard to read for a while."""

from __future__ import annotations

from dataclasses import dataclass

from bundle.store import Snapshot
from service.repository.failure import Failure

SETTLE_S = 3.0
"""Where nothing has changed for so long, nothing more is on its way."""

_GAP_S = 1.0
_GAP_MAX_S = 60.0


@dataclass
class Settling:
    """What a folder was seen to look like, and when a look could tell something new; one clock's times."""

    snapshot: Snapshot | None = None
    _since: float = 0.0
    _next: float | None = None
    _gap_s: float = _GAP_S
    _is_moving: bool = False  # it was seen to change

    def see(self, snapshot: Snapshot, now: float) -> None:
        """Take note of what the folder looks like now."""
        if snapshot != self.snapshot:
            self._is_moving = self.snapshot is not None
            self.snapshot, self._since, self._next, self._gap_s = snapshot, now, now, _GAP_S

    @property
    def is_open(self) -> bool:
        """Whether another look is to come."""
        return self._next is not None

    def is_due(self, now: float) -> bool:
        """Whether it is time for a look."""
        return self._next is not None and now >= self._next

    def end(self) -> None:
        """Look no more until something changes."""
        self._next = None

    def fail(self, looked_at: float, failure: Failure) -> bool:
        """Take note of what a look found that was begun at `looked_at`; return whether that stands.

        What is whole and wrong stays so. What is not whole, or was seen to change, stands when the folder was
        still for a while. What may pass is looked at again, less and less often, whether it stands or not.
        """
        still_at = self._since + SETTLE_S
        may_change = failure.is_transient or not failure.is_whole or self._is_moving
        stands = looked_at >= still_at or not may_change
        if failure.is_transient:
            self._next = looked_at + self._gap_s
            self._gap_s = min(2 * self._gap_s, _GAP_MAX_S)
        else:
            self._next = None if stands else still_at
        return stands
