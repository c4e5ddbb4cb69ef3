"""Which rungs nobody needs: another is as accurate, as fast and as small, and better in one of the three.

Each is claimed with evidence. A ratio in time has the interval of its paired rounds, and sizes are exact. Of
those that cost no more, the one to claim it by is chosen on validation rows; the claim is certified on test
rows, which chose nothing, with all others that are made of the same ladder (Holm).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evidence import pareto
from evidence.estimate import ALIKE, Estimate, Sign
from evidence.multiplicity import holm
from evidence.paired import LEVEL, MARGIN, Pairs, non_inferiority_p
from training.evaluation.evaluate import Evaluation


@dataclass(frozen=True)
class _Claim:
    """That nobody needs `worse`, as there is `better`; with the chance of claiming so where it is not so."""

    worse: Evaluation
    better: Evaluation
    p_value: float


def dominated(evaluations: Sequence[Evaluation], margin: float = MARGIN) -> dict[str, str]:
    """Name, for each dominated variant, one that dominates it; accuracy may be lower by up to `margin`.

    The slowest are judged first, and none by one that fell because of it. So there is always one left, though
    "not told apart" does not carry over from one pair to the next.
    """
    claims = [claim for one in evaluations if (claim := _claim(one, evaluations, margin)) is not None]
    certain = holm([claim.p_value for claim in claims])
    proved = [claim for claim, p_value in zip(claims, certain, strict=True) if p_value <= LEVEL]
    fallen: dict[str, str] = {}
    for claim in sorted(proved, key=lambda claim: _time(claim.worse), reverse=True):
        if _standing(claim.better.variant, fallen) != claim.worse.variant:
            fallen[claim.worse.variant] = claim.better.variant
    return {one.variant: fallen[one.variant] for one in evaluations if one.variant in fallen}


def front(evaluations: Sequence[Evaluation]) -> list[Evaluation]:
    """Return the corners of the front, fastest first: no faster rung was as accurate on validation rows."""
    timed = [one for one in evaluations if one.times]
    points = [(-_time(one), float(chosen_by(one).mean())) for one in timed]
    return [timed[place] for place in pareto.front(points)]


def chosen_by(one: Evaluation) -> npt.NDArray[np.bool_]:
    """Which of the rows to choose by are right, (v,); of a bundle of an older release, the test rows."""
    return (one.validation or one.answers).right


def _standing(variant: str, fallen: Mapping[str, str]) -> str:
    """Return the variant, or where it fell, the one that still stands at the end of who fell by whom."""
    while variant in fallen:
        variant = fallen[variant]
    return variant


def _claim(worse: Evaluation, evaluations: Sequence[Evaluation], margin: float) -> _Claim | None:
    """Choose by validation rows whom to set against a variant; None where no other will do."""
    others = [(one, set(_costs(one, worse))) for one in evaluations if one is not worse]
    rivals = [(_seen(one, worse), one, 1 in signs) for one, signs in others if signs <= {0, 1}]
    rivals = [rival for rival in rivals if not rival[0].difference.is_less_than(0)]
    if not rivals:
        return None
    cheaper = [rival for rival in rivals if rival[2]]
    # What costs less has only to lose little, and proves that most easily where it answers alike.
    _, better, _ = min(
        cheaper or rivals,
        key=lambda rival: (
            rival[0].lost if cheaper else rival[0].lost - rival[0].gained,
            rival[0].gained,
            _time(rival[1]),
        ),
    )
    pairs = Pairs.of(better.answers.right, worse.answers.right)
    if pairs.difference.is_less_than(0):  # within the margin, perhaps, and yet something to choose
        return _Claim(worse, better, 1.0)
    return _Claim(worse, better, non_inferiority_p(pairs, margin if cheaper else 0.0))


def _seen(better: Evaluation, worse: Evaluation) -> Pairs:
    return Pairs.of(chosen_by(better), chosen_by(worse))


def _costs(better: Evaluation, worse: Evaluation) -> Iterator[Sign | None]:
    """Compare size, and time at every batch size: 1 where the first costs less, None where nobody knows."""
    yield pareto.sign(worse.bytes, better.bytes, tolerance=ALIKE)
    if not worse.times or not better.times:
        yield None
    for batch, time in worse.times.items():
        yield _told(time.ratio_to(better.times[batch])) if better.times else None


def _told(ratio: Estimate) -> Sign | None:
    """Return 1 where a cost is higher, -1 where it is lower, 0 where alike; None where that is not known."""
    return 0 if ratio.is_within(ALIKE) else ratio.side_of(1) or None


def _time(evaluation: Evaluation) -> float:
    """Return the time of a row in the largest batch, where the model's own time is least hidden."""
    return evaluation.times[max(evaluation.times)].row_us.value
