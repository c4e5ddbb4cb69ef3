"""Watches what share of rows a cascade's first variant leaves to its second.

How sure a variant is of its answers changes with the data: where the share leaves the band that was to be
expected when the cascade was published, they are no longer as they were.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from math import ceil, log, sqrt

from bundle.manifest import CascadeSpec
from evidence.looks.sequence import evidence_against

logger = logging.getLogger("service")

FALSE_ALARMS = 0.05
"""The chance that there is ever a warning, though the data are as they were."""

_RECENT_ROWS = 2000  # that the share of late is of
_DEVIATIONS = 2.0  # beyond the expected number of rows that go on: hardly ever more
_LOOK = 16  # requests between two looks: each may be the one that finds something, and costs microseconds
_EPOCH = (
    10_000  # requests; with the old ones in the mean, a change would be found the later, the later it came
)


class Escalation:
    """Counts the rows of one cascade.

    A request is a trial, and the share of its rows that goes on its success: `evidence.looks.sequence` tells
    why. Each epoch begins a confidence sequence anew, with less to err by than the one before: epoch k may
    err with a chance of `false_alarms / (k (k + 1))`, and all of them together with `false_alarms`.
    """

    def __init__(
        self,
        name: str,
        spec: CascadeSpec,
        *,
        observe: Callable[[int, int], None] = lambda rows, went: None,
        tell: Callable[[bool], None] = lambda is_shifted: None,
        false_alarms: float = FALSE_ALARMS,
    ) -> None:
        """`observe` hears of each request how many rows it had and how many went on; `tell`, of a shift."""
        self.share = spec.escalated
        """The share of rows that went on of late."""
        self.is_shifted = False
        """Whether the share has left its band, in this epoch or the one before."""
        self._name = name
        self._spec = spec
        self._observe = observe
        self._tell = tell
        self._false_alarms = false_alarms
        self._epoch = 1
        self._requests = 0
        self._went = 0.0
        self._is_found = False  # in this epoch

    def most(self, rows: int) -> int:
        """Return how many of so many rows go on; hardly ever more, and never less than one."""
        expected = rows * self.share
        return min(rows, max(1, ceil(expected + _DEVIATIONS * sqrt(expected * (1 - self.share)))))

    def count(self, rows: int, went: int) -> None:
        """Count a request of so many rows, some of which went on."""
        share = went / rows
        self.share += (share - self.share) * min(1.0, rows / _RECENT_ROWS)
        self._requests += 1
        self._went += share
        if self._requests % _LOOK == 0:
            self._look()
        self._observe(rows, went)

    def _look(self) -> None:
        share, spec = self._went / self._requests, self._spec
        bound = spec.escalated_high if share > spec.escalated_high else spec.escalated_low
        if not (self._is_found or spec.escalated_low <= share <= spec.escalated_high):
            evidence = evidence_against(bound, self._went, self._requests)
            self._is_found = evidence > log(self._epoch * (self._epoch + 1) / self._false_alarms)
        if self._is_found and not self.is_shifted:
            self._change(is_shifted=True)
            logger.warning(
                "%s: the data have shifted: of %d requests, %.1f%% of the rows went on from %s to %s; it was "
                "%.1f%% when they were published, and %.1f%% to %.1f%% is to be expected",
                *(self._name, self._requests, 100 * share, spec.first, spec.second),
                *(100 * spec.escalated, 100 * spec.escalated_low, 100 * spec.escalated_high),
            )
        if self._requests >= _EPOCH:
            if self.is_shifted and not self._is_found:
                self._change(is_shifted=False)
                logger.info("%s: as many rows go on again as is to be expected", self._name)
            self._epoch += 1
            self._requests, self._went, self._is_found = 0, 0.0, False

    def _change(self, *, is_shifted: bool) -> None:
        self.is_shifted = is_shifted
        self._tell(is_shifted)
