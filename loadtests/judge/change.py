"""A change: what a figure of a load was in one run and is in another, and how all of them are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.experiment.measured import load_in_words

ACCURACY, AGREEMENT = "accuracy", "agreement"
SHARES = {ACCURACY, AGREEMENT}
"""Figures of which the difference is taken, not the ratio, and which are not the machine's."""
SAME, BETTER, WORSE, UNKNOWN = "not told apart", "better", "worse", "unknown"


@dataclass(frozen=True)
class Change:
    """One figure of one load, before and after."""

    variant: str
    """`all` for what is true of all loads together."""
    rows: int | None
    figure: str
    """`throughput`, `cost` (rows per core-second), `p50`, `p99`, `peak` or `accuracy`; where there were no
    labels, `agreement` with the reference."""
    before: float | None
    after: float | None
    value: float | None
    """After over before; of an accuracy or an agreement, after less before."""
    low: float | None
    high: float | None
    finding: str
    """`not told apart`, `better`, `worse` or `unknown`: one block has no interval."""


@dataclass(frozen=True)
class Changes:
    """Everything that both reports have, and what only one has."""

    changes: tuple[Change, ...]
    missing: tuple[str, ...]
    """Loads of only one of the reports, in words."""
    lost: tuple[str, ...] = ()
    """Of these, those of the first report: what was measured before, and is not any more."""

    @property
    def is_worse(self) -> bool:
        """Tell whether a figure is worse, or a load was lost."""
        return bool(self.lost) or any(change.finding == WORSE for change in self.changes)

    @property
    def is_blind(self) -> bool:
        """Tell whether nothing can be told of speed, which one block cannot, and nothing else is worse."""
        speeds = [change.finding for change in self.changes if change.figure not in SHARES]
        return not self.is_worse and set(speeds) <= {UNKNOWN}

    def named(self, finding: str) -> list[Change]:
        """Return the changes of one kind."""
        return [change for change in self.changes if change.finding == finding]


def in_sentences(found: Changes) -> list[str]:
    """Return what changed in sentences, the answer first."""
    worse, better, unknown = (found.named(kind) for kind in (WORSE, BETTER, UNKNOWN))
    missing = list(found.missing)
    if worse:
        answer = f"Worse: {_listed(worse)}."
    elif found.lost:
        answer = f"Worse: {'; '.join(found.lost)}."
        missing = missing[len(found.lost) :]
    elif found.is_blind:
        answer = "Nothing can be told of speed: no figure has an interval, which takes two blocks, or a peak."
    elif better:
        answer = f"Better: {_listed(better)}; nothing is worse."
    else:
        answer = "Not told apart: no figure differs by more than the blocks scatter and the machine drifts."
    sentences = [answer, *_sharpness(found)]
    if better and not answer.startswith("Better"):
        sentences.append(f"Better: {_listed(better)}.")
    if unknown and not found.is_blind:
        sentences.append(f"Unknown: {_listed(unknown)}.")
    return [*sentences, *(f"{one}." for one in missing)]


def _sharpness(found: Changes) -> list[str]:
    """Say how small a loss the runs would have shown, in the load where it is hardest to see."""
    blur: dict[str, float] = {}
    for one in found.changes:
        is_known = one.value is not None and one.low is not None and one.figure not in SHARES
        if is_known and one.finding == SAME and one.low and one.value:
            blur[one.figure] = max(blur.get(one.figure, 0.0), one.value / one.low - 1)
    if not blur:
        return []
    seen = ", ".join(f"{figure} {share:.0%}" for figure, share in blur.items())
    return [f"A change below this share would not have shown in every load: {seen}."]


def _listed(changes: Sequence[Change]) -> str:
    return "; ".join(f"{one.figure} of {_load(one)}{_amount(one)}" for one in changes)


def _load(change: Change) -> str:
    return "all" if change.rows is None else load_in_words(change.variant, change.rows)


def _amount(change: Change) -> str:
    if change.value is None or change.low is None or change.high is None:
        return ""
    if change.figure in SHARES:
        points = (f"{100 * one:+.1f}" for one in (change.value, change.low, change.high))
        value, low, high = points
        return f" ({value} points, {low} to {high})"
    return f" ({change.value:.2f} times, {change.low:.2f} to {change.high:.2f})"
