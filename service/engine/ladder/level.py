"""How far down the ladder requests begin: lower where load has lasted, and up again where it is over.

Each request goes down by itself where what waits leaves too little time for the better variant. Where nearly
all do, the few that do not only keep the queue long: then all begin further down, and wait for less.
"""

from __future__ import annotations

_LOOK_S = 0.1  # between two looks at what became of those that began here
_DWELL_S = 0.5  # for which a level is kept at the least
_DWELL_MAX_S = 16.0  # for which one is kept where climbs from it failed again and again
_WEIGHT = 0.4  # of the newest look
_PROVEN_S = 2.0  # after which a climb has not failed
_LEAVE = 0.8  # of those that began here went down: it is left
_CLIMB = 0.05  # of those that began here went down, at most, where a climb is tried
_EASIER = 0.8  # of the requests a second at which a climb failed: it may be tried at once


class Level:
    """A place on a ladder, 0 at the top. Times are by one clock, in seconds."""

    def __init__(self, now: float) -> None:
        self.index = 0
        self.began = 0
        """How many requests began here since the last look."""
        self.went_down = 0
        """How many of them found too much waiting."""
        self.look_at = now + _LOOK_S
        """When to look next."""
        self._looked = self._since = now
        self._share = 0.0
        self._rate = 0.0
        self._dwell_s = _DWELL_S
        self._has_climbed = False
        self._failed_rate = 0.0

    def look(self, now: float, last: int) -> float:
        """Stay, or go one down, to `last` at the most, or one up; return the seconds since the last look."""
        passed_s = now - self._looked
        weight = 1 - (1 - _WEIGHT) ** (passed_s / _LOOK_S)  # a long silence makes all before it old
        self._rate += weight * (self.began / passed_s - self._rate)
        self._share += weight * (self.went_down / max(1, self.began) - self._share)
        self.began = self.went_down = 0
        self._looked, self.look_at = now, now + _LOOK_S
        if self.index > last:
            self._go(last, now)
        stayed_s = now - self._since
        if stayed_s >= _DWELL_S:
            if self._share > _LEAVE and self.index < last:
                self._descend(now, stayed_s)
            elif self._share < _CLIMB and self.index > 0 and self._may_climb(stayed_s):
                self._has_climbed = True
                self._go(self.index - 1, now)
        return passed_s

    def _descend(self, now: float, stayed_s: float) -> None:
        has_failed = self._has_climbed and stayed_s < _PROVEN_S
        self._dwell_s = min(2 * self._dwell_s, _DWELL_MAX_S) if has_failed else _DWELL_S
        self._failed_rate = self._rate if has_failed else 0.0
        self._has_climbed = False
        self._go(self.index + 1, now)

    def _may_climb(self, stayed_s: float) -> bool:
        return stayed_s >= self._dwell_s or self._rate < _EASIER * self._failed_rate

    def _go(self, index: int, now: float) -> None:
        self.index, self._since, self._share = index, now, 0.0
