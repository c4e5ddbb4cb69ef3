"""Which two variants answer cheapest as one: the first, and where it is not sure, the second in its place.

How sure a variant is, is the largest probability of its answer; below a threshold the row goes on (confidence
is enough where the second errs evenly: Jitkrittum et al., "When does confidence-based cascade deferral
suffice?", NeurIPS 2023). The threshold of a pair is found by a sequence of tests that is fixed before a label
is seen: from the highest threshold down, each tested at full level, until one does not hold (Angelopoulos et
al., "Learn then Test", 2021). So looking at thousands of them costs nothing. Of pairs, however, the cheapest
is taken, and the luckiest with it: what was chosen is certified on other rows, once. It is to pass there four
times in five: so here it is held to more standard errors, by the scatter of both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from evidence.estimate import ALIKE, CONFIDENCE, Estimate
from evidence.paired import POWER, Pairs, clears
from evidence.shares import wilson

BAND = 0.999
"""How often the true share of rows that go on lies within the band of what was seen: one bundle in a thousand
would warn for ever of data that did not change."""

_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
_Z_TO_PASS = _Z + sqrt(2) * NormalDist().inv_cdf(POWER)  # for as many other rows to show the same

Right = npt.NDArray[np.bool_]
Confidence = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Shown:
    """What a variant showed on the rows to choose by, and what a row costs it, in whatever unit."""

    right: Right  # (v,)
    confidence: Confidence  # (v,), the largest probability
    cost: float


@dataclass(frozen=True)
class Cascade:
    """The rule by which two variants answer."""

    first: str
    second: str
    threshold: float
    """The first one's answer stands where its largest probability is at least this; it is a float32."""
    escalated: Estimate
    """The share of rows that went on when it was chosen, and the band in which that share stays."""

    def escalates(self, confidence: Confidence) -> Right:
        """Tell of each row of the first variant, (n,), whether it goes on."""
        return np.less(confidence, np.float32(self.threshold))


@dataclass(frozen=True)
class Choice:
    """The cheapest variant that is no worse than the reference, and the cheapest cascade that is."""

    single: str
    single_cost: float
    cascade: Cascade | None
    """None where no pair was shown to be no worse."""
    cost: float
    """Of a row, to be expected of the cascade; infinite where there is none."""

    @property
    def pays(self) -> bool:
        """Whether the cascade costs less, and by enough for two variants to be loaded instead of one."""
        return self.cost * ALIKE < self.single_cost


def choose(shown: Mapping[str, Shown], reference: str, margin: float) -> Choice:
    """Choose the pair and the threshold that cost least, no worse than the reference at the margin.

    A variant is no worse where the whole 95% interval of its paired difference from the reference lies above
    -margin; a cascade where even that of 3.15 standard errors, and not 1.96, does.
    """
    right = shown[reference].right
    singles = [name for name, one in shown.items() if name == reference or _holds(one.right, right, margin)]
    single = min(singles, key=lambda name: shown[name].cost)
    best, least = None, np.inf
    for first, one in shown.items():
        order = np.argsort(one.confidence, kind="stable")
        for second, other in shown.items():
            if one.cost >= other.cost:
                continue
            rows = least_escalation(one, other, right, margin, order)
            if rows is None or (cost := one.cost + rows / len(right) * other.cost) >= least:
                continue
            threshold = float(one.confidence[order[rows]])
            band = wilson(rows / len(right), len(right), confidence=BAND)
            best, least = Cascade(first, second, threshold, band), cost
    return Choice(single, shown[single].cost, best, least)


def least_escalation(
    first: Shown, second: Shown, reference: Right, margin: float, order: npt.NDArray[np.intp]
) -> int | None:
    """Return the fewest rows that go on so that this many, and all more, are shown to be no worse.

    `order` has the rows from the least sure of the first variant to the surest. Rows of one confidence go on
    together, and one stays at least. None where even the most are not enough.
    """
    sure = first.confidence[order]
    cuts = 1 + np.flatnonzero(sure[1:] > sure[:-1])  # so many rows go on, (c,)
    one, other, expected = first.right[order], second.right[order], reference[order]
    lost = _if_cut(expected & ~one, expected & ~other)[cuts]
    gained = _if_cut(one & ~expected, other & ~expected)[cuts]
    fails = np.flatnonzero(~clears(margin, gained, lost, len(sure), _Z_TO_PASS))
    held = cuts[fails[-1] + 1 :] if fails.size else cuts
    return int(held[0]) if held.size else None


def _if_cut(first: Right, second: Right) -> npt.NDArray[np.int64]:
    """Count what holds where the first k rows are the second's and the rest the first's, for k of 0 to v."""
    counts = np.full(1 + len(first), first.sum(), np.int64)
    counts[1:] += np.cumsum(second) - np.cumsum(first)
    return counts


def _holds(variant: Right, reference: Right, margin: float) -> bool:
    pairs = Pairs.of(variant, reference)
    return bool(clears(margin, np.array(pairs.gained), np.array(pairs.lost), pairs.rows))
