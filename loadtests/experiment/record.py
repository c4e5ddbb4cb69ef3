"""The record of one variant at one number of rows a request, as it grows, and the load that it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from math import isnan, nan
from statistics import geometric_mean

import numpy as np

from evidence.blocks import logs_of
from evidence.estimate import Estimate
from evidence.ratios import level_of_logs
from loadtests.experiment import checks
from loadtests.experiment.agreement import Agreement, agreement_of
from loadtests.experiment.blocks import Grade, TurnFigures
from loadtests.experiment.checks import Spent
from loadtests.experiment.measured import Idle, Measured, Offline, ScoredLoad
from loadtests.experiment.peak.search import Peak, Search, peak_of
from loadtests.experiment.peak.trial import Curve, Trial, curve_of
from loadtests.experiment.plan import Plan
from loadtests.experiment.rounds.grade import grade
from loadtests.experiment.rounds.intake import Seen, without_rates
from loadtests.experiment.session import Subject
from loadtests.experiment.steps.step import Sent, sent_late, steps_of
from loadtests.experiment.timeline import Moment, moments
from loadtests.measure.check import Check
from loadtests.measure.samples import Samples, merge
from loadtests.measure.summary import Summary, summarise_windows
from loadtests.rig.processor import Sight
from loadtests.system.probe import Unloaded
from loadtests.workload.scenarios import CLOSED, COST, OPEN, SHAPED, STEPPED, THROUGHPUT


@dataclass
class Record:
    """What was seen of one variant at one number of rows a request."""

    subject: Subject
    rows: int
    unloaded: Unloaded
    rate: float = 0.0
    seen: list[Seen] = field(default_factory=list)
    """One a block."""
    changes: list[str | None] = field(default_factory=list)
    """What became of its service in each block: see `checks.change_of`."""
    sights: list[Sight] = field(default_factory=list)
    """What the service's core did in each block."""
    spent: list[Spent] = field(default_factory=list)
    """Of its service in each block: what it used in turns of its own, and beside them."""
    searches: list[Search] = field(default_factory=list)
    steps: list[Sent] = field(default_factory=list)
    """Windows of rising rates, of `ramp` and `bursts`."""
    extra: list[Trial] = field(default_factory=list)
    """Rates tried for a profile, each as a share of the peak."""

    def figures(self, name: str) -> dict[int, float | None]:
        """Return a figure of every block, such as `rows_per_s`, by its index."""
        return {one.block.index: getattr(one.block, name) for one in self.seen}

    @property
    def turns(self) -> tuple[TurnFigures, ...]:
        """Every turn that was taken, in their order."""
        return tuple(turn for one in self.seen for turn in one.turns)

    def as_far_as_known(self) -> Record:
        """Return it without rates and latencies where too few turns count for them."""
        if not self.seen or checks.has_enough(self.turns):
            return self
        return replace(self, seen=[without_rates(one) for one in self.seen])

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
    """Return the requests a second of the blocks after a search, for at least one record.

    It is the same for all, and half of what the weakest bears, with a peak or without: then their latencies
    can be compared, and none is refused.
    """
    return min(one.bearable for one in records) / 2


def load_of(plan: Plan, record: Record) -> ScoredLoad:
    """Return the load that a record comes to, and keep its samples."""
    record = record if plan.scenario.kind in (SHAPED, STEPPED) else record.as_far_as_known()
    subject, peak = record.subject, record.peak
    scores = plan.bundle.manifest.scores(subject.name) if plan.bundle and not subject.system else None
    summary = _summary(plan, record)
    samples = _kept(record)
    file = plan.out / "samples" / f"{subject.name}-{record.rows}.npz"
    samples.save(file)
    agreement = agreement_of(samples)
    made = _checks(plan, record, summary, agreement)
    load = Measured(
        variant=subject.name,
        rows_per_request=record.rows,
        scenario=plan.scenario_name,
        requests=summary.answers + summary.failed,
        failed=summary.failed,
        **asdict(summary),
        throughput=_level(record, THROUGHPUT),
        cost=_level(record, COST),
        unloaded=Idle(**asdict(record.unloaded), model_share=record.unloaded.model_share),
        generator_limited=checks.is_generator_limit(summary),
        resident_bytes=subject.server.resident_bytes(),
        variant_bytes=plan.bytes_of(subject.name),
        offline_accuracy=scores.accuracy if scores else None,
        void=[check.name for check in made if check.is_void],
        blocks=[one.block for one in record.seen],
        grade=_grade(plan, record),
        answers_per_user=_answers_per_user(plan, record),
        checks=made,
        timeline=_timeline(plan, record),
        steps=steps_of(record.steps, plan.bound_ms or 0.0),
        agreement=agreement,
        peak=peak,
        curve=_curve(plan, record),
        offline=_offline(plan, record, summary),
        samples=file.relative_to(plan.out).as_posix(),
    )
    answered, right = (
        np.sum(one, axis=0) for one in zip(*(one.answered for one in record.seen), strict=True)
    )
    return ScoredLoad(load, record.turns, (answered, right), tuple(record.steps))


def _summary(plan: Plan, record: Record) -> Summary:
    """Return the figures of all turns that count; of an open loop whose windows all do not, of those."""
    counted = [one for one in record.seen if one.block.turns] or record.seen
    summary = summarise_windows([one.window for one in counted], bound_ms=plan.bound_ms)
    if plan.scenario.kind != CLOSED:
        return summary
    seconds = sum(one.block.seconds for one in counted)
    rates = [one.block.requests_per_s for one in counted if one.block.requests_per_s]
    rate = geometric_mean(rates) if rates else 0.0
    return replace(
        summary,
        seconds=seconds,
        requests_per_s=rate,
        rows_per_s=rate * record.rows,
        goodput_per_s=summary.goodput_of(rate),
        generator_cpu=sum(one.generator_s for one in counted) / seconds if seconds else None,
        generator_waited=_known(sum(one.generator_waited_s for one in counted) / seconds if seconds else nan),
    )


def _level(record: Record, figure: str) -> Estimate | None:
    """Return a figure of the blocks that have it, with its interval over them."""
    logs = list(logs_of(record.figures(figure)).values())
    return level_of_logs(logs) if logs else None


def _grade(plan: Plan, record: Record) -> Grade | None:
    if plan.scenario.kind == SHAPED:
        return None
    return grade(
        # Those of rates that go up scatter however calm it is.
        () if plan.scenario.kind == STEPPED else record.turns,
        is_scheduled=plan.scenario.kind == OPEN,
        waited=_mean([one.service_waited for one in record.seen]),
        stolen=_mean([sight.stolen for sight in record.sights]),
        others=_mean([sight.others for sight in record.sights]),
    )


def _answers_per_user(plan: Plan, record: Record) -> float | None:
    """Return how many answers a user got in a turn, on the average; None where no user asks again."""
    turns = [turn for turn in record.turns if not turn.why_void]
    if plan.scenario.kind != CLOSED or not turns:
        return None
    return sum(turn.answers for turn in turns) / len(turns) / plan.users


def _mean(shares: Sequence[float | None]) -> float | None:
    known = [share for share in shares if share is not None]
    return sum(known) / len(known) if known else None


def _known(number: float) -> float | None:
    return None if isnan(number) else number


def _checks(plan: Plan, record: Record, summary: Summary, agreement: Agreement | None) -> list[Check]:
    turns = record.turns
    shared = plan.cores.shared
    if plan.scenario.kind == STEPPED:
        return _checks_of_steps(plan, record, summary, agreement)
    is_whole = plan.scenario.kind == SHAPED
    return [
        checks.of_generator(summary),
        checks.of_core(summary, is_shared=shared) if is_whole else checks.of_turns(turns, is_shared=shared),
        checks.of_schedule(summary, plan.scenario),
        checks.of_answers(summary, plan.scenario),
        checks.of_service(record.changes),
        checks.of_cost(record.spent),
        checks.of_agreement(agreement),
        *record.subject.audits,
    ]


def _checks_of_steps(
    plan: Plan, record: Record, summary: Summary, agreement: Agreement | None
) -> list[Check]:
    kept = [sent_late(one.window, plan.bound_ms or 0.0) for one in record.steps if not one.is_void]
    return [
        checks.of_steps(kept, len(record.steps)),
        checks.of_answers(summary, plan.scenario),
        checks.of_service(record.changes),
        checks.of_agreement(agreement),
        *record.subject.audits,
    ]


def _kept(record: Record) -> Samples:
    """Return the samples of all turns that count, `part` being the block."""
    kept = [(one.block.index, one.window.measured) for one in record.seen]
    return merge([replace(samples, part=np.full(len(samples), block)) for block, samples in kept])


def _timeline(plan: Plan, record: Record) -> list[Moment]:
    if plan.scenario.kind != SHAPED:
        return []
    return list(moments(record.seen[0].window, plan.scenario_name, plan.users, bound_ms=plan.bound_ms))


def _curve(plan: Plan, record: Record) -> Curve | None:
    peak = record.peak
    return curve_of(record.extra or peak.trials, peak.bound_ms) if peak and plan.profile else None


def _offline(plan: Plan, record: Record, summary: Summary) -> Offline | None:
    known = record.subject.offline
    if known is None or known.rows_per_s is None or plan.scenario_name != "offline":
        return None
    return Offline(known.rows_per_s, summary.rows_per_s / known.rows_per_s)
