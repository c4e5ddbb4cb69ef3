"""How long the event loop looks at no socket: what arrives meanwhile is unread, and nobody can count it."""

from __future__ import annotations

from math import exp

_MEMORY_S = 0.03
_WEIGHT = 0.1  # of the newest turn


class Lag:
    """The length of the turn of the event loop that a request falls into, on the average of late.

    Long turns are the more likely to be fallen into, and no turn at all where the loop is idle: so it is the
    sum of the squares of their lengths, over the time in which they were. But one long turn among many short
    ones, in which the machine slept, says nothing of the next: it is no more than turns are on the average.
    """

    def __init__(self) -> None:
        self._squares = 0.0
        self._usual_s = 0.0
        self._noted = 0.0

    def note(self, turn_s: float, now: float) -> None:
        """Hear that a turn took so long, and ended `now`, by `perf_counter`."""
        self._squares = self._squares * exp((self._noted - now) / _MEMORY_S) + turn_s * turn_s
        self._usual_s += _WEIGHT * (turn_s - self._usual_s)
        self._noted = now

    def us(self, now: float) -> float:
        """Return for how long a request must expect to lie unread, in microseconds."""
        mean_s = self._squares * exp((self._noted - now) / _MEMORY_S) / _MEMORY_S
        return min(mean_s, self._usual_s) * 1e6
