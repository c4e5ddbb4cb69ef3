"""Makes results with chosen figures."""

from __future__ import annotations

from loadtests.probe import Unloaded
from loadtests.result import Result
from loadtests.statistics import wilson
from loadtests.summary import Accuracy, Summary


def result(
    variant: str,
    rows: int = 1,
    rows_per_s: float = 1000.0,
    size: int = 1000,
    accuracy: float | None = 0.98,
    *,
    unique: int = 360,
    failures: dict[str, int] | None = None,
    cpu: float | None = 0.5,
    model_ms: float | None = 0.5,
) -> Result:
    """Return the result of a variant whose unloaded request takes 1 ms."""
    interval = wilson(accuracy or 0.0, unique)
    scored = Accuracy(accuracy, interval.low, interval.high, unique, unique) if accuracy is not None else None
    return Result(
        variant=variant,
        rows=rows,
        bytes=size,
        offline_accuracy=0.98,
        summary=Summary(1.0, 100, failures or {}, rows_per_s / rows, rows_per_s, 1.0, 2.0, 3.0, scored, cpu),
        unloaded=Unloaded(100, 1.0, 1.0, model_ms),
        resident_bytes=50_000_000,
        samples=f"samples/{variant}-{rows}.npz",
    )
