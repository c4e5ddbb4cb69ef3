"""Dominance: which variant nobody needs, as another is as good in everything and better in something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from evidence import pareto
from evidence.estimate import ALIKE, Estimate, Sign
from loadtests.judge.certificate import Accuracies
from loadtests.judge.speed import Pairs, Speeds
from loadtests.judge.standing import Standing
from loadtests.measure.written import OpenEstimate


@dataclass(frozen=True)
class Rung:
    """A variant of the front: nothing that was measured is known to be as good in all and better in one."""

    variant: str
    accuracy: Estimate
    """Of the test rows, without HTTP."""
    speed: OpenEstimate | None
    """Times that of the reference, over all loads as they are weighted, in the figure that tells them apart;
    None where that was not measured."""
    figure: str
    """What the speed is of, as `rows per core-second`."""
    bytes: int | None
    """None of a system."""


def dominates(better: Standing, worse: Standing, speeds: Speeds, accuracies: Accuracies) -> bool:
    """Tell whether one variant is known to be as good in accuracy, speed, tail and size, and better in one.

    What is not known supports nothing: an accuracy is as good where the paired interval says that less than
    the margin is lost, and is not sure that something is; a speed where it is told better, or alike.
    """
    pairs = better.beside(worse)
    return pareto.dominates(
        [
            _sign_of_accuracy(better.name, worse.name, accuracies),
            _sign_of_size(better.bytes, worse.bytes),
            *(sign for pair in pairs for sign in _signs_of_speed([pair], speeds)),
        ]
    )


def dominated(known: Mapping[str, Standing], speeds: Speeds, accuracies: Accuracies) -> dict[str, str]:
    """Name, for each dominated variant, one that dominates it, and that none dominates if possible."""
    rivals = {
        name: [
            other.name
            for other in known.values()
            if other is not one and dominates(other, one, speeds, accuracies)
        ]
        for name, one in known.items()
    }
    return {name: min(better, key=lambda one: len(rivals[one])) for name, better in rivals.items() if better}


def front(
    known: Mapping[str, Standing], beaten: Mapping[str, str], speeds: Speeds, reference: Standing | None
) -> tuple[Rung, ...]:
    """Return the variants that are not dominated, the most accurate first; None is of no reference."""
    rungs = []
    for one in sorted(known.values(), key=lambda each: -each.accuracy.value):
        if one.name not in beaten:
            lead = speeds.lead(one.beside(reference)) if reference else None
            is_known = lead is not None and isfinite(lead.ratio.value)
            figure = lead.words if lead else ""
            rungs.append(
                Rung(one.name, one.accuracy, lead.ratio if lead and is_known else None, figure, one.bytes)
            )
    return tuple(rungs)


def _sign_of_size(better: int | None, worse: int | None) -> Sign:
    """Return the sign of two sizes; those of systems are not known, and nothing to choose by."""
    return 0 if better is None or worse is None else pareto.sign(worse, better, tolerance=ALIKE)


def _sign_of_accuracy(better: str, worse: str, accuracies: Accuracies) -> Sign:
    difference = accuracies.between(better, worse)
    if difference is None:
        return -1
    side = difference.side_of(0)
    return side if side or difference.is_more_than(-accuracies.margin) else -1


def _signs_of_speed(pairs: Pairs, speeds: Speeds) -> list[Sign]:
    """Return the signs in speed and tail with one number of rows."""
    if speeds.has_p99:
        return [one.support for one in speeds.leads(pairs)]
    # Throughput and cost are one thing; a tail that may be far longer is not as good.
    return [speeds.lead(pairs).support, -1 if speeds.is_suspect(pairs) else speeds.excess(pairs)]
