"""The verdict of a run: which variant to ship, by budget and by contrast, and what is to be said with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bundle.manifest import REFERENCE
from loadtests.experiment.measured import Measured
from loadtests.judge.answer import says_what_is_not_proven, says_what_to_ship, says_who_is_left_out
from loadtests.judge.budget import Budget
from loadtests.judge.contrast import Contrasts
from loadtests.judge.objections import (
    doubts,
    findings,
    says_what_failed,
    says_what_is_void,
    says_whether_model_matters,
)
from loadtests.judge.standing import SAME_SPEED, Standing, dominated, standings


@dataclass(frozen=True)
class Verdict:
    """The variant to ship, if one can be named; who is dominated by whom; and the sentences that say so."""

    recommended: str | None
    dominated: dict[str, str]
    """Variant: one that is as good or better in accuracy, throughput, p99 and size."""
    sentences: tuple[str, ...]
    """The answer first."""
    is_void: bool
    """At least one load cannot be believed."""
    is_met: bool
    """The budget, if there was one, is met by the variant that is recommended."""

    @property
    def is_good(self) -> bool:
        """Tell whether the run may be believed, and its budget was met."""
        return self.is_met and not self.is_void


def judge(
    loads: Sequence[Measured], budget: Budget | None = None, contrasts: Contrasts | None = None
) -> Verdict:
    """Weigh the variants against each other, against float32, and against the budget."""
    budget, contrasts = budget or Budget(), contrasts or Contrasts()
    known = standings(loads)
    beaten = dominated(known, contrasts)
    best, sentences = _choose(known, beaten, budget, contrasts)
    void = says_what_is_void(loads)
    return Verdict(
        best.name if best else None,
        beaten,
        (
            *sentences,
            *void,
            *(doubts(best, list(known.values())) if best else ()),
            *says_whether_model_matters(loads),
            *(
                f"`{worse}` is dominated by `{better}`: as good or better in accuracy, speed, p99 and size."
                for worse, better in beaten.items()
            ),
            *says_what_failed(loads),
            *findings(loads),
        ),
        is_void=bool(void),
        is_met=best is not None or not budget,
    )


def _choose(
    known: Mapping[str, Standing], beaten: Mapping[str, str], budget: Budget, contrasts: Contrasts
) -> tuple[Standing | None, list[str]]:
    if not known:
        return None, ["No variant is recommended: none was measured in a way that can be believed."]
    reference = known.get(REFERENCE)
    if reference is None and budget.min_accuracy is None:
        without = (
            f"No variant is recommended: `{REFERENCE}`, which the others are compared with, was not measured "
            "in a way that can be believed, and no --min-accuracy says what is enough."
        )
        return None, [without]
    unmet = {name: one.unmet(budget) for name, one in known.items()}
    if all(unmet.values()):
        reasons = "; ".join(f"`{name}`: {', '.join(why)}" for name, why in unmet.items())
        return None, [f"No variant meets {budget.sentence}.", f"What they miss it by: {reasons}."]
    eligible = {
        name: one
        for name, one in known.items()
        if not unmet[name] and not one.has_failures and _is_accurate_enough(one, reference, budget, contrasts)
    }
    if not eligible:
        return None, ["No variant is recommended: each had requests that failed, or is less accurate."]
    best, close = _best(eligible, beaten, contrasts)
    sentences = [
        says_what_to_ship(best, reference, budget, contrasts),
        *says_what_is_not_proven(best, close, budget),
    ]
    return best, [*sentences, *says_who_is_left_out(known, unmet, reference, budget, contrasts)]


def _is_accurate_enough(
    one: Standing, reference: Standing | None, budget: Budget, contrasts: Contrasts
) -> bool:
    """Hold it to the accuracy that was asked for; to that of float32, if none was."""
    if budget.min_accuracy is not None or reference is None:
        return True  # seen to already
    difference = contrasts.accuracy(one.last, reference.last)
    return difference is not None and not difference.is_less_than(0)


def _best(
    eligible: Mapping[str, Standing], beaten: Mapping[str, str], contrasts: Contrasts
) -> tuple[Standing, list[Standing]]:
    """Return the fastest, but of those that are as good as that fast the smallest; and who is not told apart.

    As with speed, 5% of the size is nothing to choose by.
    """
    fastest = max(eligible.values(), key=lambda one: one.speed)
    close = [one for one in eligible.values() if one.speed * SAME_SPEED >= fastest.speed]
    smallest = min(one.bytes for one in close)
    best = max((one for one in close if one.bytes <= smallest * SAME_SPEED), key=lambda one: one.speed)
    seen: set[str] = set()
    # What dominates the best is no faster than 5% below it, but it may be a little slower than the fastest.
    while best.name not in seen and beaten.get(best.name, "") in eligible:
        seen.add(best.name)
        best = eligible[beaten[best.name]]
    told = [contrasts.throughput(one.last, best.last) for one in eligible.values()]
    return best, [
        one
        for one, ratio in zip(eligible.values(), told, strict=True)
        if one is not best and (ratio is None or 1 in ratio)
    ]
