"""Requests for which the service chose the variant: why that one, and whether the time was foreseen."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Callable

import numpy as np
from prometheus_client import Counter, Histogram

from service.observe.tally import Tally

RATIOS = (0.1, 0.2, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
_KEPT = 1024


class ChoiceMetrics:
    """The series of one variant that was chosen; kept, as those of `VariantMetrics` are, and handed on."""

    def __init__(
        self, *, by_reason: Callable[[str], Counter], expected: Counter, missed: Counter, ratio: Histogram
    ) -> None:
        self._by_reason = by_reason
        self._expected = expected
        self._missed = missed
        self._ratio = Tally(ratio, RATIOS)
        self._reasons: list[str] = []
        self._times: list[tuple[float, float]] = []

    def observe(self, reason: str, expected_s: float, took_s: float, within_s: float | None) -> None:
        """Count a request that was answered, and was to be within so many seconds where that is not None."""
        self._reasons.append(reason)
        self._times.append((expected_s, took_s))
        if within_s is not None and took_s > within_s:
            self._missed.inc()
        if len(self._reasons) >= _KEPT:
            self.hand_on()

    def observe_expired(self) -> None:
        """Count a request whose time was over before its rows were run."""
        self._missed.inc()

    def hand_on(self) -> None:
        """Give what was kept to Prometheus' counters."""
        if not self._reasons:
            return
        reasons, self._reasons = self._reasons, []
        times, self._times = np.array(self._times), []
        for reason, count in Counts(reasons).items():
            self._by_reason(reason).inc(count)
        self._expected.inc(float(times[:, 0].sum()))
        self._ratio.add(times[:, 1] / times[:, 0])
