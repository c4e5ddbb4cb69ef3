"""From what was recorded of a variant to its result: pure, but for the file of the samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from bundle.manifest import VariantSpec
from evidence.knee import knee
from loadtests.experiment import checks
from loadtests.experiment.plan import Plan
from loadtests.experiment.result import Agreement, Curve, Moment, Offline, Result, Round, Trial
from loadtests.experiment.session import Record
from loadtests.experiment.timeline import moments
from loadtests.measure.check import Check
from loadtests.measure.samples import Samples, merge
from loadtests.measure.summary import Window, row_scores, summarise_windows
from loadtests.system.audits import TOLERANCE
from loadtests.system.identity import Identity
from loadtests.workload.scenarios import SHAPED


def result_of(plan: Plan, record: Record, variant: VariantSpec, after: Identity | None) -> Result:
    """Return the result of a record, and keep its samples. `after` is the service as it is now."""
    subject = record.subject
    summary = summarise_windows(record.windows, bound_ms=plan.bound_ms)
    samples = _kept(record)
    file = plan.out / "samples" / f"{subject.name}-{record.rows}.npz"
    samples.save(file)
    rounds = rounds_of(record.windows, plan.bound_ms)
    agreement = _agreement(samples)
    made: tuple[Check, ...] = (
        checks.of_generator(summary),
        checks.of_core(summary),
        checks.of_schedule(summary, plan.scenario),
        checks.of_answers(summary, plan.scenario),
        checks.of_steadiness(_steps(plan, record, rounds), plan.scenario),
        checks.of_service(record.before, after, process_ended=subject.server.has_ended()),
        checks.of_agreement(agreement),
        *subject.audits,
    )
    peak = record.peak
    offline = subject.offline
    return Result(
        variant=subject.name,
        rows=record.rows,
        bytes=variant.bytes,
        offline_accuracy=variant.scores.accuracy,
        summary=summary,
        unloaded=record.unloaded,
        resident_bytes=subject.server.resident_bytes(),
        samples=file.relative_to(plan.out).as_posix(),
        scenario=plan.scenario_name,
        rounds=rounds,
        checks=made,
        agreement=agreement,
        peak=peak,
        curve=_curve(record.extra or peak.trials, peak.bound_ms) if peak and plan.profile else None,
        timeline=_timeline(plan, record.windows[0]) if plan.scenario.kind == SHAPED else (),
        offline=Offline(offline.rows_per_s, summary.rows_per_s / offline.rows_per_s)
        if plan.scenario_name == "offline" and offline
        else None,
        row_scores=row_scores(samples),
    )


def rounds_of(windows: list[Window], bound_ms: float | None) -> tuple[Round, ...]:
    """Return the figures of each window, in the order of measuring."""
    found = []
    for index, window in enumerate(windows):
        one = summarise_windows([window], bound_ms=bound_ms)
        found.append(
            Round(
                index=index,
                started_s=window.start - windows[0].start,
                seconds=one.seconds,
                requests_per_s=one.requests_per_s,
                rows_per_s=one.rows_per_s,
                p50_ms=one.p50_ms,
                p99_ms=one.p99_ms,
                uncorrected_p99_ms=one.uncorrected.p99_ms.value if one.uncorrected else None,
                effective_accuracy=one.effective_accuracy.value if one.effective_accuracy else None,
                generator_cpu=one.generator_cpu,
            )
        )
    return tuple(found)


def thirds(window: Window) -> list[Window]:
    """Cut a window into three, for a run of a single round."""
    edges = np.linspace(window.start, window.end, 4).tolist()
    return [Window(window.samples, start, end) for start, end in pairwise(edges)]


def _steps(plan: Plan, record: Record, rounds: tuple[Round, ...]) -> tuple[Round, ...]:
    """Return what must be alike: the rounds, or parts of them where they are too few."""
    if len(rounds) >= 3:
        return rounds
    return rounds_of([part for window in record.windows for part in thirds(window)], plan.bound_ms)


def _kept(record: Record) -> Samples:
    """Return the measured samples of all rounds, `part` being the round."""
    return merge(
        [
            replace(trimmed, part=np.full(len(trimmed), index, np.int64))
            for index, window in enumerate(record.windows)
            for trimmed in [window.samples.trimmed(window.samples.measured(window.start, window.end))]
        ]
    )


def _agreement(samples: Samples) -> Agreement | None:
    known = ~np.isnan(samples.difference)
    if not known.any():
        return None
    return Agreement(
        rows=int(np.count_nonzero(known)),
        labels_differ=int(np.count_nonzero(samples.astray)),
        probabilities_differ=int(np.count_nonzero(samples.difference[known] > TOLERANCE)),
        largest_difference=float(samples.difference[known].max()),
        tolerance=TOLERANCE,
    )


def _curve(trials: Sequence[Trial], bound_ms: float) -> Curve:
    """Return the curve of the rates tried, the last trial of each rate standing for it."""
    points = tuple(
        sorted({one.rate: one for one in trials if not one.is_void}.values(), key=lambda one: one.rate)
    )
    latencies = [float("nan") if one.p99_ms is None else one.p99_ms for one in points]
    return Curve(bound_ms, points, knee([one.rate for one in points], latencies))


def _timeline(plan: Plan, window: Window) -> tuple[Moment, ...]:
    return moments(window, plan.scenario_name, plan.users, bound_ms=plan.bound_ms)
