"""Sets what answered the same requests at the same moments against each other, rate by rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bundle.manifest import CASCADE
from evidence.estimate import CONFIDENCE, Estimate
from evidence.windows import difference_of_windows
from loadtests.experiment.measured import Measured, ScoredLoad
from loadtests.experiment.steps.step import Sent, at, counts

Judgement = Literal["above", "no worse", "below", "not told apart"]


@dataclass(frozen=True)
class StepContrast:
    """At one rate: what chooses its variant, against the best of those that always answer with one."""

    rows_per_request: int
    share: float
    """The rate, as a share of what the quickest variant bore."""
    variant: str
    """That which chooses."""
    best: str
    """The single variant with the highest effective accuracy at this rate; where the judgement is `below` or
    `not told apart`, of those by which it is."""
    difference: Estimate
    """The effective accuracy of the first less that of the best, from requests at the same moments."""
    judgement: Judgement
    """`no worse`: than each single variant, by the margin at most, with 95%. `above`: all of them, and
    `below`: any of them, with 95% for all rates and variants together."""


@dataclass(frozen=True)
class Worst:
    """The worst that befell a variant at any rate, as Proteus reports it (Ahmad et al., ASPLOS 2024)."""

    rows_per_request: int
    variant: str
    accuracy_drop: float
    """How far the accuracy of what was answered in time fell at most below that of the most accurate."""
    missed_most: float
    """Share of rows that were not answered in time, at the rate where that was most."""
    missed: float
    """The same of all rates together, each counting alike."""
    effective_accuracy: float
    """On the mean of all rates."""


def contrasts_of(loads: Sequence[ScoredLoad], margin: float) -> tuple[StepContrast, ...]:
    """Set everything that chooses against every single variant, at every rate that counts."""
    found = []
    for rows in dict.fromkeys(one.load.rows_per_request for one in loads):
        mine = [one for one in loads if one.load.rows_per_request == rows and one.sent]
        singles = [one for one in mine if not chooses(one.load) and one.load.variant != CASCADE]
        for ours in mine:
            if chooses(ours.load) and singles:
                found += _against(ours, singles, margin)
    return tuple(found)


def worst_of(loads: Sequence[Measured]) -> tuple[Worst, ...]:
    """Return the worst of each load with steps that count."""
    found = []
    for load in loads:
        steps = [one for one in load.steps if not one.is_void]
        beside = [one for one in loads if one.rows_per_request == load.rows_per_request]
        most = max(map(_accuracy, beside))
        if steps:
            known = [one.accuracy for one in steps if one.accuracy is not None]
            found.append(
                Worst(
                    load.rows_per_request,
                    load.variant,
                    accuracy_drop=most - min(known, default=0.0),
                    missed_most=max(one.missed for one in steps),
                    missed=sum(one.missed for one in steps) / len(steps),
                    effective_accuracy=sum(one.right for one in steps) / len(steps),
                )
            )
    return tuple(found)


def _accuracy(load: Measured) -> float:
    """Return the accuracy of all that was answered in time: of one rate it scatters, and the highest most."""
    counted = [one for one in load.steps if not one.is_void]
    in_time = sum(one.offered * (one.right + one.wrong) for one in counted)
    return sum(one.offered * one.right for one in counted) / in_time if in_time else 0.0


def chooses(load: Measured) -> bool:
    """Tell whether the service chose who answers."""
    return any(one.chosen for one in load.steps)


def mean_difference(ours: ScoredLoad, theirs: ScoredLoad) -> Estimate | None:
    """Return what lies between two over all rates together, each row counting alike; None if nothing does."""
    pairs = _paired(ours.sent, theirs.sent)
    return _difference(pairs, ours.load.bound_ms or 0.0, CONFIDENCE) if pairs else None


def _against(ours: ScoredLoad, singles: Sequence[ScoredLoad], margin: float) -> list[StepContrast]:
    places = sorted({one.place for one in ours.sent if not one.is_void})
    together = 1 - (1 - CONFIDENCE) / max(1, len(places) * len(singles))  # Bonferroni
    found = []
    for place in places:
        pairs = {one.load.variant: _paired(at(ours.sent, place), at(one.sent, place)) for one in singles}
        known = {name: pair for name, pair in pairs.items() if pair}
        if not known:
            continue
        bound_ms = ours.load.bound_ms or 0.0
        apart = {name: _difference(pair, bound_ms, CONFIDENCE) for name, pair in known.items()}
        surely = {name: _difference(pair, bound_ms, together) for name, pair in known.items()}
        judgement, by = _judged(apart, surely, margin)
        best = min(by, key=lambda name: apart[name].value)
        share = known[best][0][0].share
        found.append(
            StepContrast(ours.load.rows_per_request, share, ours.load.variant, best, apart[best], judgement)
        )
    return found


def _judged(
    usual: Mapping[str, Estimate], surely: Mapping[str, Estimate], margin: float
) -> tuple[Judgement, list[str]]:
    """Judge one rate by the differences from each single variant; return those as well by which it is so.

    Which is the best is seen on the same requests, so all count and not that one alone. That it is no worse
    must hold for each and at every rate, so each may err with 5% (the intersection-union test: Berger 1982);
    that it is below at some rate must not be by chance at any.
    """
    if below := [name for name, one in surely.items() if one.high < 0]:
        return "below", below
    if unknown := [name for name, one in usual.items() if one.low <= -margin]:
        return "not told apart", unknown
    return "above" if all(one.low > 0 for one in surely.values()) else "no worse", [*usual]


def _paired(ours: Sequence[Sent], theirs: Sequence[Sent]) -> list[tuple[Sent, Sent]]:
    """Return the windows of both that were sent the same moments, those that count."""
    known = {(one.seed, one.place): one for one in theirs if not one.is_void}
    return [
        (one, known[one.seed, one.place])
        for one in ours
        if not one.is_void and (one.seed, one.place) in known
    ]


def _difference(pairs: Sequence[tuple[Sent, Sent]], bound_ms: float, confidence: float) -> Estimate:
    (ours, trials), (theirs, others) = (counts(side, bound_ms) for side in zip(*pairs, strict=True))
    # They were sent the same, unless one was interrupted.
    return difference_of_windows(ours, theirs, np.maximum(trials, others), confidence=confidence)
