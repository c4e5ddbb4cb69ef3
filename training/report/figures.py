"""Every figure of a run as JSON, unrounded: for programs, and for whoever wants to check the tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evidence.cascades import Cascade
from evidence.paired import Pairs, Verdict
from training.evaluation.baseline import Baseline
from training.evaluation.confusion import worst, worst_p
from training.evaluation.domination import dominated
from training.evaluation.evaluate import Evaluation
from training.evaluation.tally import Tally
from training.evaluation.verdicts import verdicts
from training.runs.repeats import Stability


def figures(evaluations: Sequence[Evaluation], labels: Sequence[int | str], margin: float) -> dict[str, Any]:
    """Return all that the tables show, and what they have no room for."""
    baseline, worse = Baseline.under(evaluations, labels), dominated(evaluations, margin)
    judged = verdicts(evaluations, margin)

    def row(one: Evaluation) -> dict[str, Any]:
        verdict = judged.get(one.variant)
        return {
            "variant": one.variant,
            "beats_baseline": baseline.is_beaten_by(one.accuracy),
            "bytes": one.bytes,
            "scores": one.scores.model_dump(),
            "microseconds_a_row": {str(batch): time.value for batch, time in one.microseconds.items()},
            "microseconds_interval": {
                str(batch): (time.low, time.high) for batch, time in one.microseconds.items()
            },
            "validation_accuracy": None if one.validation is None else one.validation.right.mean(),
            "dominated_by": worse.get(one.variant),
            "calibration": asdict(one.tally.reliability),
            "confusion": one.tally.confusion,
            **({} if verdict is None else {"against_reference": _against(one.tally, labels, verdict)}),
        }

    return {
        "rows": evaluations[0].scores.rows,
        "reference": evaluations[0].reference,
        "truth": evaluations[0].truth,
        "margin": margin,
        "labels": list(labels),
        "baseline": asdict(baseline),
        "variants": [row(one) for one in evaluations if one.cascade is None],
        "cascade": next(
            (row(one) | _rule(one.cascade, one.escalated) for one in evaluations if one.cascade), None
        ),
    }


def spread_figures(found: Sequence[Stability], seeds: Sequence[int]) -> dict[str, Any]:
    return {
        "seeds": list(seeds),
        "variants": [
            {
                "variant": one.variant,
                "accuracies": one.accuracy.values,
                "deviation": one.accuracy.deviation,
                "differences": one.difference.values,
                "difference_deviation": one.difference.deviation,
                "interval_within": (one.published.low, one.published.high),
            }
            for one in found
        ],
    }


def write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(
        json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
    )


def _rule(cascade: Cascade, escalated: float) -> dict[str, Any]:
    return {
        "first": cascade.first,
        "second": cascade.second,
        "threshold": cascade.threshold,
        "escalated": escalated,
        "escalated_when_chosen": cascade.escalated.value,
        "escalated_band": (cascade.escalated.low, cascade.escalated.high),
    }


def _against(tally: Tally, labels: Sequence[int | str], verdict: Verdict) -> dict[str, Any]:
    return {
        **_pairs(tally.pairs),
        "verdict": verdict.judgement,
        "rows_needed": verdict.rows_needed,
        "non_inferiority_p": verdict.p_value,
        "worst_class": labels[worst(tally.classes).index],
        "worst_class_p": worst_p(tally.classes),
        "classes": [{"label": labels[drop.index], **_pairs(drop.pairs)} for drop in tally.classes],
    }


def _pairs(pairs: Pairs) -> dict[str, Any]:
    difference = pairs.difference
    return {
        **asdict(pairs),
        "difference": difference.value,
        "interval": (difference.low, difference.high),
        "mcnemar_p": pairs.p_value,
    }
