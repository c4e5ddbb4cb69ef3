"""Two variants on the same rows: the difference in accuracy, and what can be said of it.

Most rows are answered alike, and say nothing about the difference; the interval of one accuracy alone is far
wider than that of the difference between two. So everything here is of the rows that only one got right.

McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
Psychometrika 12 (1947). Tango, "Equivalence test and confidence interval for the difference in proportions
for the paired-sample design", Statistics in Medicine 17 (1998).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from evidence.estimate import CONFIDENCE, Estimate
from evidence.multiplicity import holm

MARGIN = 0.01
"""How much less accurate is still as accurate, unless said otherwise, as a share of the rows."""

LEVEL = (1 - CONFIDENCE) / 2
"""One-sided: the chance that even one of those judged together is said to be what it is not."""

POWER = 0.8

_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
_ROWS_MAX = 10**9  # nobody has more: the difference is the margin itself

Judgement: TypeAlias = Literal["no worse", "worse", "not enough rows to tell"]
Truth: TypeAlias = Literal["labels", "reference"]
Noun: TypeAlias = Literal["variant", "system"]


@dataclass(frozen=True)
class Yardstick:
    """What variants are held to, and what that is called.

    Where the data had no labels, right is what the reference answers: a share of right answers is then
    agreement with it, and nobody knows the accuracy.
    """

    reference: str
    """The variant that the others are compared with."""
    truth: Truth = "labels"
    """Whose word is taken for right: that of the data's labels, or of the reference."""
    noun: Noun = "variant"
    """What is compared: variants of a model, or whole systems."""

    @property
    def is_labelled(self) -> bool:
        return self.truth == "labels"

    @property
    def word(self) -> str:
        """What a share of right answers is, in a word: `accuracy` or `agreement`."""
        return "accuracy" if self.is_labelled else "agreement"

    @property
    def figure(self) -> str:
        """What a share of right answers is: `accuracy`, or `agreement with float32`."""
        return self.word if self.is_labelled else f"agreement with {self.reference}"

    @property
    def caveat(self) -> str:
        """What must be said before any figure; empty where there were labels."""
        if self.is_labelled:
            return ""
        return (
            "The data had no labels: accuracy is unknown; what is shown is agreement with "
            f"`{self.reference}`."
        )


@dataclass(frozen=True)
class Pairs:
    """How a variant and the reference did on the same `rows` rows; differences are variant less reference.

    A row that was answered several times counts by the share of its answers, so counts need not be whole.
    """

    rows: int
    lost: float
    """Rows that the reference alone got right."""
    gained: float
    """Rows that the variant alone got right."""

    def __post_init__(self) -> None:
        """Raise ValueError for counts that cannot be."""
        if self.rows < 1 or not min(self.lost, self.gained) >= 0 or not self.lost + self.gained <= self.rows:
            raise ValueError(f"{self.lost} rows lost and {self.gained} gained, of {self.rows}")

    @classmethod
    def of(cls, variant: npt.NDArray[np.bool_], reference: npt.NDArray[np.bool_]) -> Pairs:
        """Count from what each got right, (n,)."""
        return cls(len(variant), int((reference & ~variant).sum()), int((variant & ~reference).sum()))

    @classmethod
    def of_shares(cls, variant: npt.NDArray[np.float64], reference: npt.NDArray[np.float64]) -> Pairs | None:
        """Count from the share of right answers to each row, (n,), NaN where the row was not seen.

        Only rows that both have answered count; None where there is none. Where they were answered several
        times, the interval is rather too wide: a half lost varies less than half of the rows lost whole.
        """
        both = ~np.isnan(variant) & ~np.isnan(reference)
        if not both.any():
            return None
        change = variant[both] - reference[both]
        return cls(len(change), float(np.maximum(-change, 0).sum()), float(np.maximum(change, 0).sum()))

    @property
    def p_value(self) -> float:
        """McNemar's exact test, two-sided: are rows lost as easily as gained?

        Raises ValueError where counts are not whole.
        """
        lost, gained = int(self.lost), int(self.gained)
        if (lost, gained) != (self.lost, self.gained):
            raise ValueError(f"McNemar's test is of whole rows, not of {self.lost} and {self.gained}")
        if lost + gained == 0:
            return 1.0
        from scipy.special import bdtr  # half a second, which whoever compares nothing need not wait

        return min(1.0, 2 * float(bdtr(min(lost, gained), lost + gained, 0.5)))

    @property
    def difference(self) -> Estimate:
        """The difference in accuracy, with Tango's 95% interval."""
        return tango(self.gained, self.lost, self.rows)


@dataclass(frozen=True)
class Verdict:
    """What a non-inferiority test says of a variant at a margin."""

    judgement: Judgement
    margin: float
    p_value: float
    """One-sided, of the hypothesis that accuracy dropped by the margin or more (Tango's score test); of
    several that were judged together, corrected for how many they are (Holm)."""
    rows_needed: int | None = None
    """Where there are not enough rows: about how many would be. None where no number would do."""

    def __str__(self) -> str:
        if self.judgement != "not enough rows to tell":
            return self.judgement
        if self.rows_needed is None:
            return f"{self.judgement}: the drop is about the margin"
        return f"{self.judgement}: about {self.rows_needed:,} needed"


def judge_all(pairs: Mapping[str, Pairs], margin: float) -> dict[str, Verdict]:
    """Test whether variants are less accurate than the reference by `margin` at most, all of them together.

    P-values are corrected for how many variants there are (Holm): so even one of them is wrongly said to be
    no worse, or worse, with a chance of 2.5% at most. One alone is *no worse* where the whole 95% interval of
    the difference lies above -margin, and *worse* where it lies below: the interval is the set of differences
    that the score test does not refuse.
    """
    p_values = [non_inferiority_p(one, margin) for one in pairs.values()]
    no_worse, worse = holm(p_values), holm([1 - one for one in p_values])
    confidence = 1 - 2 * LEVEL / max(1, sum(one > LEVEL for one in no_worse))
    found = {}
    for (name, one), kept, lost in zip(pairs.items(), no_worse, worse, strict=True):
        if min(kept, lost) <= LEVEL:
            found[name] = Verdict("no worse" if kept <= LEVEL else "worse", margin, kept)
        else:
            needed = rows_needed(one, margin, confidence)
            found[name] = Verdict("not enough rows to tell", margin, kept, needed)
    return found


def judge(pairs: Pairs, margin: float) -> Verdict:
    """Test one variant by itself: see `judge_all`."""
    return judge_all({"": pairs}, margin)[""]


def non_inferiority_p(pairs: Pairs, margin: float) -> float:
    """Return the one-sided p-value of a drop in accuracy by the margin or more (Tango's score test)."""
    from scipy.special import ndtr

    return float(ndtr(-_score(-margin, pairs.gained, pairs.lost, pairs.rows)))


def rows_needed(pairs: Pairs, margin: float, confidence: float = CONFIDENCE) -> int | None:
    """Return how many rows would decide, to two digits, if rows went on being lost and gained at this rate.

    With so many, an interval around this very difference clears the margin four times in five (a power of
    80%): as its estimate scatters, the interval to clear it is that of 1.96 + 0.84 standard errors, where
    the `confidence` is 95%. None where the difference is too near the margin for any number of rows.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2) + NormalDist().inv_cdf(POWER)
    lost, gained = pairs.lost / pairs.rows, pairs.gained / pairs.rows

    def decided(rows: float) -> bool:
        return -margin not in tango(gained * rows, lost * rows, rows, z)

    enough = float(pairs.rows)
    while not decided(enough):
        enough *= 2
        if enough > _ROWS_MAX:
            return None
    few = enough / 2
    while enough / few > 1.001:
        middle = sqrt(few * enough)
        few, enough = (few, middle) if decided(middle) else (middle, enough)
    return max(pairs.rows + 1, _to_two_digits(enough))


def tango(gained: float, lost: float, rows: float, z: float = _Z) -> Estimate:
    """Return (gained - lost) / rows with its score interval, at `z` standard errors (Tango 1998).

    Its coverage holds where few rows or none differ, as between variants of one model, where the textbook
    (Wald) interval has no width at all. Counts need not be whole.
    """
    from scipy.optimize import brentq  # as long as the rest of scipy

    seen = (gained - lost) / rows
    low, high = -1.0, 1.0
    if _score(low, gained, lost, rows) > z:
        low = brentq(lambda difference: _score(difference, gained, lost, rows) - z, low, seen)
    if _score(high, gained, lost, rows) < -z:
        high = brentq(lambda difference: _score(difference, gained, lost, rows) + z, seen, high)
    return Estimate(seen, float(low), float(high))


def clears(
    margin: float, gained: npt.NDArray[np.int64], lost: npt.NDArray[np.int64], rows: int, z: float = _Z
) -> npt.NDArray[np.bool_]:
    """Tell of many counts at once, (c,), whether Tango's interval at `z` standard errors lies above -margin.

    That is whether `_score` at -margin is more than `z`: here without a root to search.
    """
    linear = -(2 * rows - gained + lost) * margin - gained - lost
    constant = lost * margin * (1 + margin)
    rate = (np.sqrt(np.maximum(0.0, linear**2 - 8 * rows * constant)) - linear) / (4 * rows)
    variance = rows * (2 * rate - margin * (1 + margin))
    above: npt.NDArray[np.bool_] = gained - lost + rows * margin > z * np.sqrt(np.maximum(0.0, variance))
    return above


def _score(difference: float, gained: float, lost: float, rows: float) -> float:
    """Return how many standard errors the difference seen lies above the given one.

    The error is that of the likeliest rates with the given difference. With p the rate of rows lost, that of
    rows gained is p + difference, and p is the larger root of 2 n p² + linear p + constant.
    """
    linear = (2 * rows - gained + lost) * difference - gained - lost
    constant = -lost * difference * (1 - difference)
    rate = (sqrt(max(0.0, linear**2 - 8 * rows * constant)) - linear) / (4 * rows)
    variance = rows * (2 * rate + difference * (1 - difference))
    distance = gained - lost - rows * difference
    if variance <= 0:  # at a difference of -1 or 1, or of 0 with no row that differs
        return 0.0 if distance == 0 else float(np.copysign(np.inf, distance))
    return distance / sqrt(variance)


def _to_two_digits(number: float) -> int:
    unit: int = 10 ** max(0, len(str(int(number))) - 2)
    return ceil(number / unit) * unit
