"""By how much answers are later than is known beforehand: what nobody foresees is to be expected, too."""

from __future__ import annotations

_QUANTILE = 0.95
_STEP = 0.2  # of what it is now: one late answer changes little, a dozen in a row all
_LEAST = 0.1  # of what was expected, moves it by a step at the least
_HALVED_S = 1.0


class Foresight:
    """A high quantile of the time that answers took beyond what was expected, by stochastic approximation."""

    def __init__(self) -> None:
        self.over_us = 0.0
        """By how much answers are hardly ever later."""
        self.heard = 0
        """How many answers it was learned from."""

    def learn(self, expected_us: float, took_us: float) -> None:
        """Hear what an answer took, or at what time there still was none."""
        self.heard += 1
        step = _STEP * max(self.over_us, _LEAST * expected_us)
        is_late = took_us > expected_us + self.over_us
        self.over_us = max(0.0, self.over_us + step * (_QUANTILE if is_late else _QUANTILE - 1))

    def forget(self, quiet_s: float) -> None:
        """Hear that there was no answer for so long: what was in the way may be gone."""
        self.over_us *= 0.5 ** (quiet_s / _HALVED_S)
