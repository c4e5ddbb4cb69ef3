"""A measured load: every figure of one variant at one number of rows a request, as `report.json` has it.

Whatever judges or reports reads this, and nothing else of an experiment.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from evidence.estimate import Estimate
from loadtests.experiment.agreement import Agreement
from loadtests.experiment.blocks import Block, Grade, Stop, TurnFigures
from loadtests.experiment.peak.search import Peak
from loadtests.experiment.peak.trial import Curve
from loadtests.experiment.steps.step import Sent, Step
from loadtests.experiment.timeline import Moment
from loadtests.measure.check import Check
from loadtests.measure.latency import Latency
from loadtests.measure.summary import Accuracy
from loadtests.measure.written import OpenEstimate
from loadtests.workload.arrays import Ints


class Strict(BaseModel):
    """Plain data that is only written, read and compared: an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


@dataclass(frozen=True)
class AccuracyDifference(Estimate):
    """One accuracy less another, as a share: 0.01 is a point."""

    rows: int
    """Both have answered, each of them the very same."""


class Idle(Strict):
    """What one request costs when nobody else asks."""

    requests: int
    """How many were timed, one after the other."""
    p50_ms: float
    mean_ms: float
    model_ms: float | None
    """Mean time inside the runtime, by the service's own metrics over the same requests."""
    model_share: float | None
    """The share of the mean latency that is the model's own."""
    stages_ms: dict[str, float]
    """Where the mean latency goes, in order: client, http, decode, wait, infer, encode. Empty if unknown."""


@dataclass(frozen=True)
class Offline:
    """What `offline` compares with: the same rows through the interpreter in a process without HTTP."""

    interpreter_rows_per_s: float
    share: float
    """The service's rows a second, as a share of that."""


class AgainstReference(Strict):
    """This load over the reference's with as many rows a request, from the turns of both side by side."""

    cost: OpenEstimate | None
    """Of rows per core-second."""
    throughput: OpenEstimate | None
    p50: OpenEstimate | None = None
    p99: OpenEstimate | None
    goodput: OpenEstimate | None = None
    accuracy: AccuracyDifference | None
    """Of the predictions of all test rows, not of what the run happened to send."""


class Measured(Strict):
    """Every figure of one load. Units are in the names, and nothing is rounded."""

    variant: str
    """Or the name of a system."""
    rows_per_request: int
    scenario: str
    requests: int
    """Answered, in whatever way, within the time that counts."""
    failed: int
    """Of these: not answered as promised."""
    seconds: float
    answers: int
    """Requests answered as promised: only they count for throughput and latency."""
    failures: dict[str, int]
    """How many requests failed, by reason."""
    requests_per_s: float
    rows_per_s: float
    throughput: OpenEstimate | None
    """Rows a second, with the interval over the blocks; None where nothing was answered."""
    cost: OpenEstimate | None
    """Rows per core-second, with the interval over the blocks; None where the service is not ours."""
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    accuracy: Accuracy | None
    """Live accuracy. Each test row counts once, by the share of its answers that were right."""
    generator_cpu: float | None
    """Processor time of the load generator, as a share of one core."""
    generator_waited: float | None
    """How long the generator was ready to run and had no core, as a share of the time."""
    latency: Latency | None
    """Exact percentiles with intervals, from the moment a request was scheduled (or sent, if nothing was)."""
    uncorrected: Latency | None
    """The same from the sending: what a test reports that leaves out how long requests had to wait."""
    sent_late_p99_ms: float | None
    """How late the generator itself sent."""
    offered: int
    """Requests scheduled or sent, however they ended."""
    bound_ms: float | None
    """What counts as in time."""
    in_time: int
    """Of those offered: answered as promised, within the bound."""
    reconnections: int
    """Connections opened anew because the service had closed them between two requests; no failures."""
    goodput_per_s: float
    """Requests answered as promised and in time, each second."""
    effective_accuracy: Estimate | None
    """Each test row offered counts once, by the share of its requests answered rightly and in time."""
    unloaded: Idle
    generator_limited: bool
    resident_bytes: int | None
    """Memory of the service and its children at the end of the load."""
    variant_bytes: int | None
    """Of the variant's file; None of a system."""
    offline_accuracy: float | None
    """As the bundle's manifest has it: over the whole test set, without HTTP; None of a system."""
    void: list[str]
    """Names of the failed checks for which these figures must not be believed."""
    blocks: list[Block]
    """Each began with a start of the services; those of equal index stood side by side with others'."""
    grade: Grade | None
    """How calm the machine was; None where it is one load that changes on purpose."""
    answers_per_user: float | None
    """In a turn, on the average; of a closed loop."""
    checks: list[Check]
    timeline: list[Moment]
    """Only of `rise` and `spike`."""
    agreement: Agreement | None
    """How the answers compare with the variant's predictions of the same rows without HTTP."""
    steps: tuple[Step, ...] = ()
    """Only of `ramp` and `bursts`: what became of the rows at each rate, the lowest first."""
    peak: Peak | None
    """Only with `--find-peak`."""
    curve: Curve | None
    """Only with `--profile`."""
    offline: Offline | None
    """Only of `offline`."""
    samples: str
    """File of the raw samples, in the folder of the report."""
    against_reference: AgainstReference | None = None
    """Nothing but the accuracy where the reference was not measured; None where it is this one."""

    @property
    def name(self) -> str:
        """What it is called in words: `int8 with 32 rows a request`."""
        return load_in_words(self.variant, self.rows_per_request)

    @property
    def p99(self) -> float | None:
        """The 99th percentile in milliseconds, from the scheduled moment."""
        return self.latency.p99_ms.value if self.latency else self.p99_ms

    @property
    def p50(self) -> float | None:
        return self.latency.p50_ms.value if self.latency else self.p50_ms

    def figures(self, name: str) -> dict[int, float | None]:
        """Return a figure of every block, such as `rows_per_s`, by the block's index."""
        return {one.index: getattr(one, name) for one in self.blocks}


@dataclass(frozen=True)
class ScoredLoad:
    """A load as the experiment hands it on: its figures, and what is too long for a report."""

    load: Measured
    turns: tuple[TurnFigures, ...] = field(default=(), repr=False, compare=False)
    """In the order of measuring; ratios of two variants are taken round by round."""
    answered: tuple[Ints, Ints] | None = field(default=None, repr=False, compare=False)
    """Of each test row, how often it was answered in any turn, and how often rightly; (test rows,) each."""
    sent: tuple[Sent, ...] = field(default=(), repr=False, compare=False)
    """Every window of steps; those of equal seed and place were sent the same moments and rows."""


@dataclass(frozen=True)
class Skipped:
    """A variant, or some of its loads, that could not be measured, and why."""

    variant: str
    reason: str
    failed: bool
    """False where nothing went wrong: it simply cannot run here."""


@dataclass
class Outcomes:
    """What a run came to, variant by variant, as it goes."""

    measured: list[ScoredLoad] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    is_partial: bool = False
    """The run was interrupted: there are the blocks that were finished, and no more."""
    forms: dict[str, str] = field(default_factory=dict)
    """How rows are sent to each system, in words."""
    stop: Stop | None = None
    """Why it went on no longer; None of a load that changes on purpose, which is one piece."""

    @property
    def failed(self) -> bool:
        """Tell whether a variant could not be measured, a run is void, or a check found something."""
        checks = [check for one in self.measured for check in one.load.checks]
        return any(one.failed for one in self.skipped) or any(one.passed is False for one in checks)

    def take(self, one: ScoredLoad | Skipped) -> None:
        """Take in what a variant came to."""
        if isinstance(one, Skipped):
            self.skipped.append(one)
        else:
            self.measured.append(one)

    def has(self, variant: str, rows: int) -> bool:
        """Tell whether a load has been measured."""
        return any((one.load.variant, one.load.rows_per_request) == (variant, rows) for one in self.measured)


def rate_in_words(per_s: float) -> str:
    """Return `12,345` or, where it is small, three digits: `0.125`."""
    return f"{per_s:,.0f}" if per_s >= 100 else f"{per_s:.3g}"


def load_in_words(variant: str, rows: int) -> str:
    """Return `int8 with 32 rows a request`."""
    return f"{variant} with {rows_in_words(rows)} a request"


def rows_in_words(count: int) -> str:
    """Return `1 row` or `32 rows`."""
    return f"{count:,} row" if count == 1 else f"{count:,} rows"
