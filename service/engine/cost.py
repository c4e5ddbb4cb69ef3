"""What a call of a variant takes here, learned when it is warmed and corrected while it serves."""

from __future__ import annotations

from dataclasses import dataclass

_WEIGHT = 0.05  # of the newest measurement: a single slow call says little, twenty say much
_QUANTILE = 0.95  # of calls that are to take no longer than `high_us`
_HALVED_S = 1.0  # in which half of what contention taught is forgotten, where nobody calls
_SLOWEST = 4.0  # times what was expected: a call in which the machine slept must not count for thousands


@dataclass
class Cost:
    """A call of `rows` rows is expected to take `(call_us + row_us * rows) * pace` microseconds.

    It hardly ever takes more than `high` times what it takes at the least. That is a quantile, followed by
    stochastic approximation (Robbins and Monro 1951) in steps that are relative: each call moves it up or
    down by a little, however far it was from what was expected.
    """

    call_us: float
    row_us: float
    pace: float = 1.0
    high: float = 1.25

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

    def least_us(self, rows: int) -> float:
        """Return what a call of `rows` rows takes when nothing is in its way."""
        return self.call_us + self.row_us * rows

    def high_us(self, rows: int) -> float:
        """Return what a call of `rows` rows hardly ever takes longer than."""
        return (self.call_us + self.row_us * rows) * self.high

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
            ratio = took_us / expected
            self.pace += _WEIGHT * (min(ratio, _SLOWEST * self.pace) - self.pace)
            self.high *= 1 + _WEIGHT * (_QUANTILE if ratio > self.high else _QUANTILE - 1)
            self.high = min(self.high, _SLOWEST * self.pace)

    def forget(self, quiet_s: float) -> None:
        """Hear that nobody has called for so long: contention may be over, and nobody would find out."""
        left = 0.5 ** (quiet_s / _HALVED_S)
        self.pace = 1 + (self.pace - 1) * left
        self.high = 1 + (self.high - 1) * left
