"""The verdict of a run of rising rates: by effective accuracy, and whether choosing was worth it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from loadtests.experiment.measured import ScoredLoad, rate_in_words
from loadtests.judge import objections
from loadtests.judge.answer import Answer
from loadtests.judge.bounds import in_points
from loadtests.judge.certificate import Accuracies
from loadtests.judge.steps.contrast import StepContrast, Worst, mean_difference, worst_of
from loadtests.judge.verdict import Verdict

_TIMES_MAX = 1000.0


def judge_steps(
    loads: Sequence[ScoredLoad],
    contrasts: Sequence[StepContrast],
    accuracies: Accuracies,
    usual: Verdict,
) -> Verdict:
    """Return the verdict; `usual` is what the same loads come to together, of which the rest is kept.

    The answer is whatever answered most rows rightly and in time over all rates, each row offered counting
    alike. It is met unless what chooses is below the best single variant at some rate.
    """
    known = [one for one in loads if one.sent and not one.load.void]
    if not known:
        return usual
    shares = _that_count_for_all(known)
    best = max(known, key=lambda one: _effective(one, shares))
    tied = [one.load.variant for one in known if one is not best and _is_tied(best, one)]
    plain = [one.load for one in loads]
    worst = worst_of(plain)
    caveat = accuracies.yardstick.caveat
    void = objections.says_what_is_void(plain)
    return replace(
        usual,
        answer=Answer("tie" if tied else "ship", best.load.variant, tuple(tied)),
        recommended=best.load.variant,
        dominated={},
        front=(),
        sentences=(
            *_says_best(best, _effective(best, shares), tied),
            *([caveat] if caveat else ()),
            *_says_against_best(contrasts, accuracies.margin),
            *_says_worst(contrasts, worst),
            *_says_void_steps(known),
            *void,
            *objections.says_what_failed(plain),
            *objections.findings(plain),
        ),
        is_met=not any(one.judgement == "below" for one in contrasts),
    )


def _that_count_for_all(loads: Sequence[ScoredLoad]) -> set[float]:
    """Return the rates that count for every load, or else those that there are."""
    every = [{step.share for step in one.load.steps} for one in loads]
    counted = [{step.share for step in one.load.steps if not step.is_void} for one in loads]
    return set.intersection(*counted) or set.union(*every)


def _effective(one: ScoredLoad, shares: set[float]) -> float:
    """Return the effective accuracy over these rates, each row offered counting alike."""
    steps = [step for step in one.load.steps if step.share in shares]
    return sum(step.right * step.offered for step in steps) / max(1, sum(step.offered for step in steps))


def _is_tied(best: ScoredLoad, other: ScoredLoad) -> bool:
    if best.load.rows_per_request != other.load.rows_per_request:
        return False
    found = mean_difference(best, other)
    return found is None or found.low <= 0


def _says_best(best: ScoredLoad, share: float, tied: Sequence[str]) -> list[str]:
    load = best.load
    bound = f"{load.bound_ms:g} ms" if load.bound_ms else "the bound"
    first = (
        f"`{load.variant}` answers most: {share:.1%} of all rows offered over all rates, rightly and within "
        f"{bound}"
    )
    if tied:
        names = ", ".join(f"`{name}`" for name in tied)
        return [f"{first}; not told apart from it: {names}."]
    return [f"{first}."]


def _says_against_best(contrasts: Sequence[StepContrast], margin: float) -> list[str]:
    """Say of each that chooses whether it is at or above the best single variant at every rate."""
    sentences = []
    for rows, name in dict.fromkeys((one.rows_per_request, one.variant) for one in contrasts):
        mine = [one for one in contrasts if (one.rows_per_request, one.variant) == (rows, name)]
        who = f"`{name}` with {rows} rows a request"
        above = [one for one in mine if one.judgement == "above"]
        below = [one for one in mine if one.judgement == "below"]
        unknown = [one for one in mine if one.judgement == "not told apart"]
        if not below and not unknown:
            sentences.append(
                f"{who} is at or above the best single variant at every one of {len(mine)} rates, within "
                f"{in_points(margin)}{_at(above, '; above it')}."
            )
        if below:
            sentences.append(f"{who} is below the best single variant{_at(below, '')}.")
        if unknown:
            sentences.append(
                f"Whether {who} is at the best single variant within {in_points(margin)} is not known"
                f"{_at(unknown, '')}: more --seeds or a longer --duration would tell."
            )
    return sentences


def _at(found: Sequence[StepContrast], before: str) -> str:
    if not found:
        return ""
    told = "; ".join(
        f"{one.share:.0%} of the load by {100 * one.difference.value:+.1f} points "
        f"({100 * one.difference.low:+.1f} to {100 * one.difference.high:+.1f}) against `{one.best}`"
        for one in found
    )
    return f"{before} at {told}"


def _says_worst(contrasts: Sequence[StepContrast], worst: Sequence[Worst]) -> list[str]:
    """Set the worst case of what chooses against that of each single variant."""
    sentences = []
    for rows, name in dict.fromkeys((one.rows_per_request, one.variant) for one in contrasts):
        ours = next(one for one in worst if (one.rows_per_request, one.variant) == (rows, name))
        choosers = {one.variant for one in contrasts}
        others = [one for one in worst if one.rows_per_request == rows and one.variant not in choosers]
        told = "; ".join(
            f"`{one.variant}` {100 * one.accuracy_drop:.1f}{_times(one.accuracy_drop, ours.accuracy_drop)} "
            f"and {one.missed_most:.1%}{_times(one.missed_most, ours.missed_most)}"
            for one in others
        )
        sentences.append(
            f"By its worst rate `{name}` loses {100 * ours.accuracy_drop:.1f} points of the accuracy of what "
            f"is in time, and misses {ours.missed_most:.1%} of the rows; {told}."
        )
    return sentences


def _times(theirs: float, ours: float) -> str:
    """Say how many times ours theirs is; nothing where one of them is next to nothing."""
    is_told = min(ours, theirs) > 0 and theirs / ours <= _TIMES_MAX
    return f" ({theirs / ours:.2g} times)" if is_told else ""


def _says_void_steps(loads: Sequence[ScoredLoad]) -> list[str]:
    void = {step.share: step for one in loads for step in one.load.steps if step.is_void}
    if not void:
        return []
    rates = ", ".join(f"{rate_in_words(one.requests_per_s)}/s" for _, one in sorted(void.items()))
    return [f"The generator did not keep the schedule at {rates}: nothing is said of them."]
