"""Decides who may wait. What waits is bounded in rows and in expected time, so nobody waits in vain."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from service.errors import OverloadedError


def reason_to_shed(
    *, waiting_rows: int, waiting_us: float, rows: int, max_rows: int, max_us: float
) -> str | None:
    """Return why `rows` more rows must not wait behind what is waiting already, None where they may.

    A request that finds nothing waiting is always admitted, however large: it would never fit otherwise.
    """
    if waiting_rows == 0:
        return None
    if waiting_rows + rows > max_rows:
        return f"{waiting_rows} rows are waiting; at most {max_rows} may"
    if waiting_us > max_us:
        return f"the wait would be {waiting_us / 1e3:.0f} ms; at most {max_us / 1e3:.0f} ms is allowed"
    return None


def retry_after_s(waiting_us: float) -> int:
    """Return after how many whole seconds the work that waits now will be done."""
    return max(1, ceil(waiting_us / 1e6))


@dataclass
class _Line:
    """Work that waits for the same servers, of which `servers` are at work at once."""

    servers: int
    rows: int = 0
    us: float = 0.0

    @property
    def wait_us(self) -> float:
        return self.us / self.servers

    def add(self, rows: int, us: float) -> None:
        self.rows += rows
        self.us = self.us + us if self.rows else 0.0  # so that rounding never adds up


class Admission:
    """Counts the rows and the expected time of all work that was admitted and is not done.

    What runs inline waits for the one event loop, and the rest for `lanes` threads: neither for the other.
    """

    def __init__(self, *, max_rows: int, max_us: float, lanes: int) -> None:
        self._max_rows = max_rows
        self._max_us = max_us
        self._inline = _Line(1)
        self._threaded = _Line(lanes)

    @property
    def rows(self) -> int:
        return self._inline.rows + self._threaded.rows

    @property
    def us(self) -> float:
        return self._inline.us + self._threaded.us

    def check(self, rows: int, *, inline: bool) -> None:
        """Raise OverloadedError where there is no place for a request of so many rows."""
        waiting_us = self._line(inline).wait_us
        reason = reason_to_shed(
            waiting_rows=self.rows,
            waiting_us=waiting_us,
            rows=rows,
            max_rows=self._max_rows,
            max_us=self._max_us,
        )
        if reason is not None:
            raise OverloadedError(reason, retry_after_s=retry_after_s(waiting_us))

    def admit(self, rows: int, expected_us: float, *, inline: bool) -> None:
        """Count a request in. Raise OverloadedError where there is no place for it."""
        self.check(rows, inline=inline)
        self._line(inline).add(rows, expected_us)

    def release(self, rows: int, expected_us: float, *, inline: bool) -> None:
        """Count a request out, answered or not, as it was counted in."""
        self._line(inline).add(-rows, -expected_us)

    def _line(self, inline: bool) -> _Line:
        return self._inline if inline else self._threaded
