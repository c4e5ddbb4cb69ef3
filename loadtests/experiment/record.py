"""The record of one variant at one number of rows a request, as it grows, and the load that it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from bundle.manifest import VariantSpec
from loadtests.experiment import checks
from loadtests.experiment.agreement import Agreement, agreement_of
from loadtests.experiment.measured import Idle, Measured, Offline, ScoredLoad
from loadtests.experiment.plan import Plan
from loadtests.experiment.rounds import Round, rounds_of, thirds
from loadtests.experiment.search import Peak, Search, peak_of
from loadtests.experiment.session import Subject
from loadtests.experiment.timeline import Moment, moments
from loadtests.experiment.trial import Curve, Trial, curve_of
from loadtests.measure.check import Check
from loadtests.measure.samples import Samples, merge
from loadtests.measure.summary import Summary, Window, row_scores, summarise_windows
from loadtests.system.identity import Identity
from loadtests.system.probe import Unloaded
from loadtests.workload.scenarios import SHAPED


@dataclass
class Record:
    """What was seen of one variant at one number of rows a request."""

    subject: Subject
    rows: int
    unloaded: Unloaded
    before: Identity | None
    """The service, as it was before the first round."""
    rate: float = 0.0
    windows: list[Window] = field(default_factory=list)
    """One a round."""
    searches: list[Search] = field(default_factory=list)
    extra: list[Trial] = field(default_factory=list)
    """Rates tried for a profile, each as a share of the peak."""

    @property
    def peak(self) -> Peak | None:
        """What its searches have found by now; None where there was none."""
        return peak_of(self.searches) if self.searches else None

    @property
    def bearable(self) -> float:
        """Requests a second that the variant bears: its peak or, without one, those one after the other."""
        peak = self.peak
        return (peak and peak.requests_per_s) or 1000 / self.unloaded.mean_ms


def shared_rate(records: Sequence[Record]) -> float:
    """Return the requests a second of the rounds after a search, for at least one record.

    It is the same for all, and half of what the weakest bears, with a peak or without: then their latencies
    can be compared, and none is refused.
    """
    return min(one.bearable for one in records) / 2


def load_of(plan: Plan, record: Record, variant: VariantSpec, after: Identity | None) -> ScoredLoad:
    """Return the load that a record comes to, and keep its samples. `after` is the service as it is now."""
    subject, peak = record.subject, record.peak
    summary = summarise_windows(record.windows, bound_ms=plan.bound_ms)
    samples = _kept(record)
    file = plan.out / "samples" / f"{subject.name}-{record.rows}.npz"
    samples.save(file)
    rounds, agreement = rounds_of(record.windows, plan.bound_ms), agreement_of(samples)
    made = _checks(plan, record, summary, rounds, agreement, after)
    load = Measured(
        variant=subject.name,
        rows_per_request=record.rows,
        scenario=plan.scenario_name,
        requests=summary.answers + summary.failed,
        failed=summary.failed,
        **asdict(summary),
        unloaded=Idle(**asdict(record.unloaded), model_share=record.unloaded.model_share),
        generator_limited=checks.is_generator_limit(summary),
        resident_bytes=subject.server.resident_bytes(),
        variant_bytes=variant.bytes,
        offline_accuracy=variant.scores.accuracy,
        void=[check.name for check in made if check.is_void],
        rounds=list(rounds),
        checks=made,
        timeline=_timeline(plan, record),
        agreement=agreement,
        peak=peak,
        curve=_curve(plan, record),
        offline=_offline(plan, record, summary),
        samples=file.relative_to(plan.out).as_posix(),
    )
    return ScoredLoad(load, row_scores(samples))


def _checks(
    plan: Plan,
    record: Record,
    summary: Summary,
    rounds: tuple[Round, ...],
    agreement: Agreement | None,
    after: Identity | None,
) -> list[Check]:
    steps = rounds if len(rounds) >= checks.STEADY_WINDOWS else _parts(plan, record)
    return [
        checks.of_generator(summary),
        checks.of_core(summary),
        checks.of_schedule(summary, plan.scenario),
        checks.of_answers(
            summary,
            plan.scenario,
            round_s=min(window.seconds for window in record.windows),
            alone_ms=record.unloaded.mean_ms,
        ),
        checks.of_steadiness(steps, plan.scenario),
        checks.of_service(record.before, after, process_ended=record.subject.server.has_ended()),
        checks.of_agreement(agreement),
        *record.subject.audits,
    ]


def _parts(plan: Plan, record: Record) -> tuple[Round, ...]:
    """Return thirds of the rounds, for what must be alike where there are too few rounds."""
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


def _timeline(plan: Plan, record: Record) -> list[Moment]:
    if plan.scenario.kind != SHAPED:
        return []
    return list(moments(record.windows[0], plan.scenario_name, plan.users, bound_ms=plan.bound_ms))


def _curve(plan: Plan, record: Record) -> Curve | None:
    peak = record.peak
    return curve_of(record.extra or peak.trials, peak.bound_ms) if peak and plan.profile else None


def _offline(plan: Plan, record: Record, summary: Summary) -> Offline | None:
    known = record.subject.offline
    if known is None or plan.scenario_name != "offline":
        return None
    return Offline(known.rows_per_s, summary.rows_per_s / known.rows_per_s)
