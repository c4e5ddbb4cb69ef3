"""What a call of a variant takes here, learned when it is warmed and corrected while it serves."""

from __future__ import annotations

from dataclasses import dataclass

_WEIGHT = 0.05  # of the newest measurement: a single slow call says little, twenty say much
_SLOWEST = 4.0  # times what was expected: a call in which the machine slept must not count for thousands


@dataclass
class Cost:
    """A call of `rows` rows is expected to take `(call_us + row_us * rows) * pace` microseconds."""

    call_us: float
    row_us: float
    pace: float = 1.0

    @classmethod
    def fit(cls, one_us: float, many_us: float, rows: int) -> Cost:
        """Fit on the durations of a call with one row and of a call with `rows` rows."""
        row_us = max(0.0, (many_us - one_us) / (rows - 1))
        return cls(max(0.0, one_us - row_us), row_us)

    def added_us(self, rows: int, *, most: int, is_first: bool) -> float:
        """Return by how many microseconds `rows` rows lengthen what waits, in calls of at most `most` rows.

        The first request begins a call; those after it share that, and bring the next call nearer.
        """
        share = 1.0 if is_first else min(1.0, rows / most)
        return (self.call_us * share + self.row_us * rows) * self.pace

    def high_us(self, rows: int) -> float:
        """Return what a call of `rows` rows hardly ever takes longer than."""
        return (self.call_us + self.row_us * rows) * self.pace

    def rows_within(self, budget_us: float) -> int:
        """Return how many rows a call can have that takes `budget_us` at most when nothing is in its way.

        The pace is left out: a call that waits in a thread for the interpreter's lock looks slow, and would
        keep itself there.
        """
        left = budget_us - self.call_us
        if left <= 0:
            return 0
        return int(left / self.row_us) if self.row_us > 0 else 2**31

    def learn(self, rows: int, took_us: float) -> None:
        """Move the pace towards what a call really took; contention and throttling show here."""
        expected = self.call_us + self.row_us * rows
        if expected > 0:
            self.pace += _WEIGHT * (min(took_us / expected, _SLOWEST * self.pace) - self.pace)
