"""Whether variants are as accurate as the reference: judged on the same rows, and all of them together."""

from __future__ import annotations

from collections.abc import Sequence

from evidence.paired import Verdict, judge_all
from training.evaluation.evaluate import Evaluation


def verdicts(evaluations: Sequence[Evaluation], margin: float) -> dict[str, Verdict]:
    """Judge each variant but the reference."""
    return judge_all({one.variant: one.tally.pairs for one in evaluations if not one.is_reference}, margin)
