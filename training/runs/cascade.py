"""The cascade of a ladder: chosen on validation rows when it is published, and certified on test rows."""

from __future__ import annotations

from collections.abc import Mapping

from bundle.manifest import CascadeSpec, Manifest
from evidence.cascades import Cascade, Choice, Shown, choose
from evidence.estimate import Estimate
from evidence.paired import judge
from training.evaluation.evaluate import Answers, Evaluation
from training.evaluation.timing import TIMED_BATCHES, Timings

COST_BATCH = TIMED_BATCHES[-1]
"""In which what a row costs is measured: the model's own time is least hidden there."""


def choice_of(
    validation: Mapping[str, Answers], times: Mapping[str, Timings], reference: str, margin: float
) -> Choice | None:
    """Choose among the variants that were timed; None where the reference was not, or nothing beside it.

    Rows that go on are fewer than those that came, and in smaller batches cost somewhat more: whoever serves
    them may put together what several requests escalate.
    """
    if reference not in times or len(times) < 2:
        return None
    shown = {}
    for name, timings in times.items():
        answers, cost = validation[name], timings[COST_BATCH].row_us.value
        if answers.confidence is not None:
            shown[name] = Shown(answers.right, answers.confidence, cost)
    return choose(shown, reference, margin)


def in_words(choice: Choice, reference: str, margin: float) -> str:
    """Say what was chosen, or why there is to be no cascade.

    Example:
        cascade: w0.25-int8, and for 23.1% of rows dynamic_int8 as well: 12.6 µs a row, and int8 alone, the
        cheapest that is no worse, 18.3
    """
    cascade = choice.cascade
    if cascade is None:
        return (
            f"no cascade: of no two variants do validation rows show that they are no worse than {reference} "
            f"at a margin of {margin:g}"
        )
    pair = f"{cascade.first}, and for {cascade.escalated.value:.1%} of rows {cascade.second} as well"
    costs = f"{choice.cost:,.2f} µs a row"
    single = f"{choice.single} alone, the cheapest that is no worse, {choice.single_cost:,.2f}"
    if choice.pays:
        return f"cascade: {pair}: {costs}, and {single}"
    return f"no cascade: {pair} would take {costs}, and {single}"


def spec_of(one: Evaluation, margin: float) -> CascadeSpec:
    """Describe a cascade that was scored on test rows, which chose nothing of it, and judge it by them.

    Raises ValueError where that is a variant.
    """
    if one.cascade is None:
        raise ValueError(f"{one.variant} is no cascade")
    difference, share = one.tally.pairs.difference, one.cascade.escalated
    return CascadeSpec(
        first=one.cascade.first,
        second=one.cascade.second,
        threshold=one.cascade.threshold,
        escalated=share.value,
        escalated_low=share.low,
        escalated_high=share.high,
        margin=margin,
        judgement=judge(one.tally.pairs, margin).judgement,
        difference=difference.value,
        difference_low=difference.low,
        difference_high=difference.high,
        scores=one.scores,
    )


def cascade_of(manifest: Manifest) -> Cascade | None:
    """Return the rule that a bundle keeps."""
    spec = manifest.cascade
    if spec is None:
        return None
    share = Estimate(spec.escalated, spec.escalated_low, spec.escalated_high)
    return Cascade(spec.first, spec.second, spec.threshold, share)
