"""Counts a live share for variants as they are loaded now, and tells where it is not what was expected."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from math import log
from weakref import ref

from evidence.estimate import CONFIDENCE, Estimate
from evidence.looks.sequence import evidence_against
from service.observe.shares import ShareSeries
from service.repository.registry import Registry
from service.repository.servable import Servable

logger = logging.getLogger("service")

Expected = Callable[..., Estimate | None]
"""Returns the share that the test rows have of some variants of a version, None where that is not known."""


@dataclass(eq=False)
class Tally:
    """What was counted of some variants of one version."""

    of: tuple[ref[Servable], ...]
    expected: Estimate | None
    trials: int = 0
    successes: float = 0.0
    alarm: bool = False
    """Whether the share was ever known to be another than was expected."""


class Tallies:
    """One tally for each variant, or pair of them; a variant that is loaded anew begins a new one."""

    def __init__(
        self, what: str, registry: Registry, series: ShareSeries, expected: Expected, *, workers: int
    ) -> None:
        """`what` is shared, in words. Each of `workers` counts, and all together err as seldom as one."""
        self._what = what
        self._registry = registry
        self._series = series
        self._expected = expected
        self._ruled_out = log(workers / (1 - CONFIDENCE))
        self._kept: dict[tuple[str, ...], Tally] = {}

    def add(self, success: float, *variants: Servable) -> None:
        """Count a trial, with a success from 0 to 1, of variants of one version; not if one is unloaded."""
        if not all(map(self.is_loaded, variants)):
            return
        labels = _labels(*variants)
        tally = self._kept.get(labels)
        if tally is None or tuple(of() for of in tally.of) != variants:
            tally = self._kept[labels] = Tally(tuple(map(ref, variants)), self._expected_of(*variants))
        tally.trials += 1
        tally.successes += success
        self._look(tally, labels)

    def hand_on(self) -> None:
        """Give what was counted to the metrics, and forget what is of variants that are loaded no more."""
        for labels, tally in tuple(self._kept.items()):
            variants = [of() for of in tally.of]
            if all(variant is not None and self.is_loaded(variant) for variant in variants):
                self._series.set(labels, tally.trials, tally.successes, alarm=tally.alarm)
            else:
                del self._kept[labels]
                self._series.end(labels)

    def is_loaded(self, variant: Servable) -> bool:
        """Tell whether this is still what answers where it is asked for."""
        of = variant.signature
        meant = self._registry.loaded(of.model, of.version, of.variant)
        return meant is not None and meant.servable is variant

    def _expected_of(self, *variants: Servable) -> Estimate | None:
        of = variants[0].signature
        bundle = self._registry.models[of.model][of.version].bundle
        if bundle is None:
            return None
        return self._expected(bundle.manifest, *(variant.signature.variant for variant in variants))

    def _look(self, tally: Tally, labels: tuple[str, ...]) -> None:
        """Tell, once, where the live interval has left that of the test rows."""
        expected = tally.expected
        if expected is None or tally.alarm:
            return
        share = tally.successes / tally.trials
        end = max(expected.low, min(share, expected.high))
        if share != end and evidence_against(end, tally.successes, tally.trials) >= self._ruled_out:
            tally.alarm = True
            logger.warning(
                "%s: live %s is %.4f in %d, and was %.4f (%.4f to %.4f) on the test rows",
                "/".join(labels),
                self._what,
                share,
                tally.trials,
                expected.value,
                expected.low,
                expected.high,
            )


def _labels(*variants: Servable) -> tuple[str, ...]:
    of = variants[0].signature
    return of.model, str(of.version), *(variant.signature.variant for variant in variants)
