"""Whether variants are as accurate as the reference: judged on the same rows, and all of them together."""

from __future__ import annotations

from collections.abc import Sequence

from evidence.paired import Verdict, judge, judge_all
from training.evaluation.evaluate import Evaluation


def verdicts(evaluations: Sequence[Evaluation], margin: float) -> dict[str, Verdict]:
    """Judge each variant but the reference together, and by itself the one cascade that was chosen."""
    variants = [one for one in evaluations if one.cascade is None and not one.is_reference]
    cascades = {one.variant: judge(one.tally.pairs, margin) for one in evaluations if one.cascade}
    return judge_all({one.variant: one.tally.pairs for one in variants}, margin) | cascades
