"""Whether variants are as accurate as float32: judged on the same rows, and all of them together."""

from __future__ import annotations

from collections.abc import Sequence

from bundle.manifest import REFERENCE
from evidence.estimate import CONFIDENCE
from evidence.multiplicity import holm
from evidence.paired import Judgement, Verdict, non_inferiority_p, rows_needed
from training.evaluation.evaluate import Evaluation

_LEVEL = (1 - CONFIDENCE) / 2  # one-sided


def verdicts(evaluations: Sequence[Evaluation], margin: float) -> dict[str, Verdict]:
    """Judge each variant but float32; p-values are corrected for how many variants there are (Holm).

    So even one of them is wrongly said to be no worse, or worse, with a chance of 2.5% at most.
    """
    pairs = {one.variant: one.tally.pairs for one in evaluations if one.variant != REFERENCE}
    p_values = [non_inferiority_p(one, margin) for one in pairs.values()]
    no_worse, worse = holm(p_values), holm([1 - one for one in p_values])
    undecided = max(1, sum(one > _LEVEL for one in no_worse))
    found = {}
    for (variant, one), kept, lost in zip(pairs.items(), no_worse, worse, strict=True):
        judgement: Judgement = "not enough rows to tell"
        if kept <= _LEVEL:
            judgement = "no worse"
        elif lost <= _LEVEL:
            judgement = "worse"
        is_open = judgement == "not enough rows to tell"
        needed = rows_needed(one, margin, 1 - 2 * _LEVEL / undecided) if is_open else None
        found[variant] = Verdict(judgement, margin, kept, needed)
    return found
