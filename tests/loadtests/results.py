"""Makes measured loads, and whole reports, with chosen figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from statistics import median_low

import numpy as np

from evidence.estimate import Estimate
from evidence.paired import MARGIN, Yardstick
from evidence.shares import wilson
from loadtests.experiment.blocks import Block, Grade, Stop
from loadtests.experiment.checks import is_generator_limit
from loadtests.experiment.measured import Idle, Measured
from loadtests.experiment.peak.search import Peak, Search
from loadtests.experiment.peak.trial import Curve, Trial
from loadtests.experiment.timeline import Moment
from loadtests.judge.bounds import Bounds
from loadtests.judge.certificate import Accuracies
from loadtests.judge.contrast import Contrasts
from loadtests.judge.document import Document
from loadtests.judge.verdict import Verdict, judge
from loadtests.measure.check import Check
from loadtests.measure.latency import Latency
from loadtests.measure.summary import Accuracy, Summary

SCATTER = (1.01, 0.99, 1.0, 1.0, 0.99, 1.01, 1.0)  # of the blocks: a per cent up or down
BLOCKS = 4
ROWS = 10_000  # of a test set that tells variants apart
STAGES = {"client": 0.1, "http": 0.2, "decode": 0.05, "wait": 0.05, "infer": 0.5, "encode": 0.1}


def measured(
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
    p99_ms: float = 3.0,
    scatter: Sequence[float] | None = None,
    scenario: str = "users",
    peak: Peak | None = None,
) -> Measured:
    """Return the load of a variant whose unloaded request takes 1 ms, from blocks that differ by 1%.

    `scatter` is what each block came to, as a share of the whole.
    """
    begin = len(variant) % BLOCKS  # so that variants do not scatter alike
    scatter = SCATTER[begin : begin + BLOCKS] if scatter is None else scatter
    interval = wilson(accuracy or 0.0, unique)
    scored = Accuracy(accuracy, interval.low, interval.high, unique) if accuracy is not None else None
    latency = Latency(*(Estimate(ms, 0.9 * ms, 1.1 * ms) for ms in (1.0, 1.5, 2.0, p99_ms)))
    summary = Summary(
        1.0,
        100,
        failures or {},
        rows_per_s / rows,
        rows_per_s,
        1.0,
        2.0,
        p99_ms,
        scored,
        cpu,
        latency=latency if scored else None,
        uncorrected=latency if scored else None,
        offered=100 + sum((failures or {}).values()),
        in_time=100,
        goodput_per_s=rows_per_s / rows,
        effective_accuracy=interval if accuracy is not None else None,
    )
    return Measured(
        variant=variant,
        rows_per_request=rows,
        scenario=scenario,
        requests=summary.answers + summary.failed,
        failed=summary.failed,
        **asdict(summary),
        unloaded=Idle(
            requests=100,
            p50_ms=1.0,
            mean_ms=1.0,
            model_ms=model_ms,
            model_share=model_ms,
            stages_ms=dict(STAGES) if model_ms else {},
        ),
        generator_limited=is_generator_limit(summary),
        resident_bytes=50_000_000,
        variant_bytes=size,
        offline_accuracy=0.98,
        void=[],
        throughput=spread(rows_per_s, scatter) if scored else None,
        cost=spread(2 * rows_per_s, scatter) if scored else None,
        blocks=[block_of(index, rows, rows_per_s * by, p99_ms * by) for index, by in enumerate(scatter)],
        grade=Grade("calm", 0.03, 0.0, 0.01, 0.02, 0.03),
        answers_per_user=25.0,
        checks=[Check("generator", passed=True, detail="It used 50% of its core.")],
        timeline=[],
        agreement=None,
        peak=peak,
        curve=None,
        offline=None,
        samples=f"samples/{variant}-{rows}.npz",
    )


def spread(value: float, scatter: Sequence[float]) -> Estimate:
    """Return a figure with the ends that it scattered to."""
    if len(scatter) < 2:
        return Estimate.unbounded(value)
    return Estimate(value, value * min(1.0, *scatter), value * max(1.0, *scatter))


def block_of(index: int, rows: int, rows_per_s: float, p99_ms: float) -> Block:
    """Return one block of a load, whose service needs half of its core."""
    return Block(
        index=index,
        started_s=10.0 * index,
        seconds=8.0,
        turns=80,
        void_turns=0,
        requests_per_s=rows_per_s / rows,
        rows_per_s=rows_per_s,
        rows_per_core_s=2 * rows_per_s,
        p50_ms=1.0,
        p99_ms=p99_ms,
        goodput_per_s=rows_per_s / rows,
        effective_accuracy=0.98,
        generator_cpu=0.5,
    )


def stop(*, is_decided: bool = True) -> Stop:
    """Return why a run of four blocks went on no longer."""
    why = "All that matters is told apart." if is_decided else "The budget is spent."
    return Stop(why, is_decided, BLOCKS, 48.0, 60.0, 0.98, None if is_decided else 60.0)


def accuracies(
    loads: Sequence[Measured],
    *,
    rows: int = ROWS,
    margin: float = MARGIN,
    validation: bool = True,
    yardstick: Yardstick | None = None,
) -> Accuracies:
    """Return test and validation rows of which each variant gets the first right, by its live accuracy."""
    right = {
        load.variant: (np.arange(rows) < round(load.accuracy.value * rows)).astype(float)
        for load in loads
        if load.accuracy
    }
    return Accuracies(right, right if validation else None, margin=margin, yardstick=yardstick)


def judged(
    loads: Sequence[Measured],
    bounds: Bounds | None = None,
    *,
    rows: int = ROWS,
    yardstick: Yardstick | None = None,
) -> Verdict:
    """Return the verdict of a run that came to these loads, and whose model has so many test rows."""
    return judge(loads, bounds, Contrasts((), accuracies(loads, rows=rows, yardstick=yardstick)))


def changed(load: Measured, **figures: object) -> Measured:
    """Return a load with some other figures; whether it is void follows from its checks."""
    made = Measured.model_validate({**dict(load), **figures})
    return made.model_copy(update={"void": [check.name for check in made.checks if check.is_void]})


def document(
    results: Sequence[Measured], bounds: Bounds | None = None, *, yardstick: Yardstick | None = None
) -> Document:
    """Return the report of a run that came to these results."""
    contrasts = Contrasts((), accuracies(results, yardstick=yardstick))
    loads = contrasts.with_reference(results)
    verdict = judge(loads, bounds, contrasts, stop())
    return Document(
        created="2026-01-02T03:04:05+00:00",
        command="python -m loadtests run --models models",
        machine={
            "cpu": "A Processor",
            "cores": 2,
            "system": "Linux",
            "python": "3.11.7",
            "libraries": {"numpy": "2.4.0"},
        },
        model="digits",
        version=1,
        reference=contrasts.accuracies.reference,
        truth=contrasts.accuracies.yardstick.truth,
        host=None,
        cores={"service": [0], "generator": [1]},
        scenario=loads[0].scenario,
        asked={"model": "digits", "scenario": loads[0].scenario, "users": 16, "duration": 4.0},
        bounds=Bounds() if bounds is None else bounds,
        stop=stop(),
        verdict=verdict,
        method=["It was measured."],
        results=loads,
        skipped=[],
        pairs=contrasts.pairs(loads, verdict.figures[0]),
    )


def voided(one: Measured) -> Measured:
    """Return the same with a check that did not pass."""
    check = Check("generator", passed=False, detail="It used 97% of its core; 90% is allowed.")
    return changed(one, checks=[*one.checks, check])


def trial(rate: float, p99_ms: float, *, holds: bool, is_void: bool = False) -> Trial:
    """Return one rate that was tried."""
    late = 0 if holds else 200
    return Trial(rate, 1000, late, min(rate, 900.0), p99_ms / 3, p99_ms, 0.98 - late / 1000, holds, is_void)


def peak(*held: float | None, limited_by: str = "service") -> Peak:
    """Return what searches came to that found these rates; None is of one that was not confirmed."""
    trials = tuple(trial(rate, 8.0, holds=True) for rate in held if rate)
    is_confirmed = None not in held
    middle = median_low(rate or 0.0 for rate in held) or None
    return Peak(10.0, middle, confirmed=is_confirmed, limited_by=limited_by, trials=trials, passes=held)


def searched(limit: float | None) -> Search:
    """Return a search that is over: of a service with this limit, or of one that only once held 1,000."""
    search = Search(500.0, 10.0, seed=1)
    while (attempt := search.next()) is not None:
        held = attempt.rate <= limit if limit else attempt.rate <= 1000 and not attempt.is_confirming
        search.take(trial(attempt.rate, 5.0, holds=held))
    return search


def curve() -> Curve:
    """Return a curve whose latency climbs from the third point on."""
    steps = ((100.0, 2.0), (200.0, 2.5), (400.0, 5.0), (800.0, 60.0))
    points = tuple(trial(rate, p99, holds=p99 < 10) for rate, p99 in steps)
    return Curve(10.0, points, knee=2)


def timeline() -> tuple[Moment, ...]:
    """Return a load that is too much for its middle third."""
    return tuple(
        Moment(1.0 * second, 1.0, users, sum(ends), *ends, 5.0)
        for second, users, ends in (
            (0, 2, (100.0, 0.0, 0.0, 0.0)),
            (1, 20, (300.0, 90.0, 50.0, 10.0)),
            (2, 2, (100.0, 0.0, 0.0, 0.0)),
        )
    )


def complete() -> list[Measured]:
    """Return loads with everything that a report can hold."""
    results = []
    for rows in (1, 32):
        for name, speed, size in (("float32", 1000.0, 4000), ("int8", 2700.0, 1000), ("int16x8", 50.0, 1100)):
            one = measured(name, rows, speed * rows, size, 0.97, p99_ms=9000 / speed)
            results.append(changed(one, curve=curve(), timeline=timeline()))
    return results
