"""Figures as `--json` writes them, of variants that a manifest has."""

from __future__ import annotations

from typing import Any

from benchmarks.ladders.ladder import Ladder, Rung
from bundle.manifest import Manifest
from evidence.estimate import Estimate
from evidence.paired import Verdict, Yardstick


def figures_of(manifest: Manifest) -> dict[str, Any]:
    """Make up figures in which every variant but the reference is a point worse and not told apart."""
    return {
        "rows": 200,
        "margin": 0.01,
        "variants": [
            {
                "variant": variant.name,
                "bytes": variant.bytes,
                "scores": variant.scores.model_dump(),
                "microseconds_a_row": {"1": 4.0, "32": 1.5},
                "microseconds_interval": {"1": [3.9, 4.1], "32": [1.4, 1.6]},
                "dominated_by": "int8" if variant.name == "tensorflow" else None,
            }
            | ({} if variant.name == manifest.reference else {"against_reference": _AGAINST})
            for variant in manifest.variants
        ],
    }


_AGAINST = {
    "difference": -0.01,
    "interval": [-0.03, 0.005],
    "verdict": "not enough rows to tell",
    "rows_needed": 3000,
    "non_inferiority_p": 0.4,
}


def ladder(name: str = "signals", **changes: Any) -> Ladder:
    """Return a ladder of three rungs, one of another network, which was not timed."""
    verdicts = [Verdict("no worse", 0.01, 0.001), Verdict("worse", 0.01, 1.0)]
    small, large = Estimate(-0.001, -0.004, 0.002), Estimate(-0.05, -0.07, -0.03)
    times = {1: Estimate(412.3, 400.0, 420.0), 32: Estimate(0.123, 0.12, 0.13)}
    rungs = (
        Rung("float32", "float32", None, 100_000, Estimate(0.9, 0.88, 0.92), times),
        Rung("int8", "int8", None, 30_000, Estimate(0.899, 0.87, 0.92), times, small, verdicts[0]),
        Rung("v-int8", "int8", "vendor", 25_000, Estimate(0.85, 0.83, 0.87), {}, large, verdicts[1], True),
    )
    told: dict[str, Any] = {
        "name": name,
        "data": "Signals: of something",
        "model": "CNN",
        "rows": 2000,
        "margin": 0.01,
        "yardstick": Yardstick("float32"),
        "rungs": rungs,
        "left_out": {},
    }
    return Ladder(**(told | changes))
