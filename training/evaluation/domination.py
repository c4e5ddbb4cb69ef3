"""Which rungs nobody needs: another is as accurate, as fast and as small, and better in one of the three."""

from __future__ import annotations

from collections.abc import Sequence

from evidence import pareto
from training.evaluation.evaluate import Evaluation

# Times of one run, and sizes, that are closer than this are not told apart: the one is noise, and the other
# a few tensors that one converter stores and another does not.
SAME_COST = 1.05


def dominated(evaluations: Sequence[Evaluation]) -> dict[str, str]:
    """Name, for each dominated variant, one that dominates it.

    The slowest are judged first, and each only by those that still stand. So there is always one left,
    though "not told apart" does not carry over from one pair to the next.
    """
    standing = list(evaluations)
    for one in sorted(evaluations, key=_microseconds, reverse=True):
        if any(dominates(other, one) for other in standing if other is not one):
            standing.remove(one)
    kept = {one.variant for one in standing}
    return {
        one.variant: _named(one, standing) or _named(one, [two for two in evaluations if two is not one])
        for one in evaluations
        if one.variant not in kept
    }


def dominates(better: Evaluation, worse: Evaluation) -> bool:
    """Tell whether one rung is at least as good in accuracy, time and size, and better in one of them.

    Accuracies whose difference is within the other's interval count as equal, as do times of a row, at every
    batch size, and sizes within 5%.
    """
    costs = [
        (better.bytes, worse.bytes),
        *((better.microseconds[batch], worse.microseconds[batch]) for batch in worse.microseconds),
    ]
    return pareto.dominates(
        [
            pareto.opposite(worse.accuracy.side_of(better.accuracy.value)),
            *(pareto.sign(theirs, ours, tolerance=SAME_COST) for ours, theirs in costs),
        ]
    )


def front(evaluations: Sequence[Evaluation]) -> list[Evaluation]:
    """Return the rungs that no faster one equals in accuracy, fastest first: the corners of the front."""
    points = [(-_microseconds(one), one.scores.accuracy) for one in evaluations]
    return [evaluations[place] for place in pareto.front(points)]


def _named(worse: Evaluation, rivals: Sequence[Evaluation]) -> str:
    """Return the fastest of the rivals that dominate a variant, or an empty string."""
    better = [rival for rival in rivals if dominates(rival, worse)]
    return min(better, key=_microseconds).variant if better else ""


def _microseconds(evaluation: Evaluation) -> float:
    """Return the time of a row in the largest batch, where the model's own time is least hidden."""
    return evaluation.microseconds[max(evaluation.microseconds)]
