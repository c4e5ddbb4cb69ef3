"""Decides who may wait. What waits is bounded in rows and in expected time, so nobody waits in vain."""

from __future__ import annotations

from math import ceil

from service.errors import OverloadedError


def retry_after_s(waiting_us: float) -> int:
    """Return after how many whole seconds the work that waits now will be done."""
    return max(1, ceil(waiting_us / 1e6))


class Admission:
    """Counts the rows and the expected time of all work that was admitted and is not done.

    What runs inline waits for the one event loop, and the rest for `lanes` threads: neither for the other.
    """

    def __init__(self, *, max_rows: int, max_us: float, lanes: int) -> None:
        self._max_rows = max_rows
        self.max_us = max_us
        self._servers = lanes, 1  # of what waits for threads, and of what runs inline
        self._rows = [0, 0]
        self._us = [0.0, 0.0]
        self.rows = 0

    @property
    def us(self) -> float:
        return sum(self._us)

    def waiting_us(self, *, inline: bool) -> float:
        """Return how long what waits for the event loop, or else for a thread, will take."""
        return self._us[inline] / self._servers[inline]

    def check(self, rows: int, *, inline: bool) -> None:
        """Raise OverloadedError where `rows` more rows must not wait behind what is waiting already.

        A request that finds nothing waiting is always admitted, however large: it would never fit otherwise.
        """
        if self.rows == 0:
            return
        waiting_us = self.waiting_us(inline=inline)
        if self.rows + rows > self._max_rows:
            reason = f"{self.rows} rows are waiting; at most {self._max_rows} may"
        elif waiting_us > self.max_us:
            most_ms = self.max_us / 1e3
            reason = f"the wait would be {waiting_us / 1e3:.0f} ms; at most {most_ms:.0f} ms is allowed"
        else:
            return
        raise OverloadedError(reason, retry_after_s=retry_after_s(waiting_us))

    def admit(self, rows: int, expected_us: float, *, inline: bool, is_in: bool = False) -> None:
        """Count a request in. Raise OverloadedError where there is no place, unless it `is_in` in part."""
        if not is_in:
            self.check(rows, inline=inline)
        self.rows += rows
        self._rows[inline] += rows
        self._us[inline] += expected_us

    def release(self, rows: int, expected_us: float, *, inline: bool) -> None:
        """Count a request out, answered or not, as it was counted in."""
        self.rows -= rows
        self._rows[inline] -= rows
        # So that rounding never adds up.
        self._us[inline] = self._us[inline] - expected_us if self._rows[inline] else 0.0
