"""Whether variants are as accurate as float32: judged on the same rows, and all of them together."""

from __future__ import annotations

from collections.abc import Sequence

from bundle.manifest import REFERENCE
from evidence.paired import Verdict, judge_all
from training.evaluation.evaluate import Evaluation


def verdicts(evaluations: Sequence[Evaluation], margin: float) -> dict[str, Verdict]:
    """Judge each variant but float32."""
    return judge_all(
        {one.variant: one.tally.pairs for one in evaluations if one.variant != REFERENCE}, margin
    )
