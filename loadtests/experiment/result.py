"""What the loads on one variant came to: plain figures, that everything which reports them starts from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from loadtests.measure.check import Check
from loadtests.measure.summary import Summary
from loadtests.system.probe import Unloaded
from loadtests.workload.arrays import Floats

GENERATOR_CPU_MAX = 0.9  # beyond it, the load generator is taken to have been the limit


@dataclass(frozen=True)
class Round:
    """One of the turns in which a variant was measured. Turns of equal index stood side by side.

    The interval of a ratio between two variants comes from these: ratio the figures of each index, and see
    how the ratios scatter.
    """

    index: int
    started_s: float
    """Seconds after the first round of the run began."""
    seconds: float
    requests_per_s: float
    rows_per_s: float
    p50_ms: float | None
    p99_ms: float | None
    """Of the latency from the scheduled moment, where there is one; None where nothing was answered."""
    uncorrected_p99_ms: float | None
    effective_accuracy: float | None
    generator_cpu: float | None


@dataclass(frozen=True)
class Trial:
    """One rate that was tried in an open loop: a point of the curve, and a step of the search for a peak."""

    rate: float
    """Requests a second that were scheduled."""
    requests: int
    late: int
    """How many were answered beyond the bound, or not as promised."""
    requests_per_s: float
    """Answered as promised."""
    p50_ms: float | None
    p99_ms: float | None
    effective_accuracy: float | None
    holds: bool
    """Proven: p99 is within the bound with 99% confidence (early stopping)."""
    is_void: bool
    """The generator did not keep the schedule: this says nothing about the service."""


@dataclass(frozen=True)
class Peak:
    """The highest rate that was shown to hold the bound: the median of several searches."""

    bound_ms: float
    """Of p99."""
    requests_per_s: float | None
    """None where no rate held twice."""
    confirmed: bool
    """In every search a fresh run at its rate, drawn from another seed, held the bound too."""
    limited_by: str
    """`service`, or `generator` where the next higher rate was void: then the peak is a lower bound."""
    trials: tuple[Trial, ...]
    """Every rate tried, in the order of trying. A search that found its peak ends with the confirming run."""
    passes: tuple[float | None, ...] = ()
    """What each search found. Searches of equal place stood side by side with other variants'."""


@dataclass(frozen=True)
class Curve:
    """Open loops at rising rates, for a picture."""

    bound_ms: float
    points: tuple[Trial, ...]
    """Lowest rate first."""
    knee: int | None
    """Index of the point beyond which latency climbs faster than throughput; None where none is seen."""


@dataclass(frozen=True)
class Moment:
    """A stretch of a load that changes: `ramp` and `spike` yield these."""

    start_s: float
    seconds: float
    users: int
    """At the end of the stretch."""
    offered_per_s: float
    """Requests sent, each second."""
    goodput_per_s: float
    """Answered as promised and in time."""
    late_per_s: float
    """Answered as promised beyond the bound."""
    shed_per_s: float
    """Refused by the service, with 503."""
    failed_per_s: float
    """Any other answer, or none."""
    p99_ms: float | None


@dataclass(frozen=True)
class Offline:
    """What `offline` compares with: the same rows through the interpreter in a process without HTTP."""

    interpreter_rows_per_s: float
    share: float
    """The service's rows a second, as a share of that."""


@dataclass(frozen=True)
class Agreement:
    """How the answers compare with the variant's predictions of the same rows without HTTP."""

    rows: int
    """Unique rows compared."""
    labels_differ: int
    """Of these: how many got a different label at least once."""
    probabilities_differ: int
    """Of these: how many got, at least once, a probability that is off by more than the tolerance."""
    largest_difference: float
    tolerance: float


@dataclass(frozen=True)
class Result:
    """A variant at one number of rows a request."""

    variant: str
    rows: int
    bytes: int
    offline_accuracy: float
    """As the bundle's manifest has it: over the whole test set, without HTTP."""
    summary: Summary
    """Of the samples of all rounds together."""
    unloaded: Unloaded
    resident_bytes: int | None
    """Memory of the service at the end of the load; None where the service is not ours to look into."""
    samples: str
    """File of the raw samples of all rounds, in the folder of the report."""
    scenario: str = "users"
    rounds: tuple[Round, ...] = ()
    checks: tuple[Check, ...] = ()
    agreement: Agreement | None = None
    peak: Peak | None = None
    """Only with `--find-peak`."""
    curve: Curve | None = None
    """Only with `--profile`."""
    timeline: tuple[Moment, ...] = ()
    """Only of `ramp` and `spike`."""
    offline: Offline | None = None
    """Only of `offline`."""
    row_scores: Floats | None = field(default=None, repr=False, compare=False)
    """For each row of the test set the share of its answers that were right, NaN where it was not asked:
    accuracies of two variants are compared row by row. Shape (test rows,); not in the JSON."""

    @property
    def generator_limited(self) -> bool:
        return (self.summary.generator_cpu or 0.0) > GENERATOR_CPU_MAX

    @property
    def void(self) -> tuple[Check, ...]:
        """The failed checks for which these figures must not be believed; empty where they may be."""
        return tuple(check for check in self.checks if check.is_void)

    def as_json(self) -> dict[str, Any]:
        """Return every figure by name, units in the names, nothing rounded."""
        summary = asdict(self.summary)
        return {
            "variant": self.variant,
            "rows_per_request": self.rows,
            "scenario": self.scenario,
            "requests": self.summary.answers + self.summary.failed,
            "failed": self.summary.failed,
            **summary,
            "unloaded": {**asdict(self.unloaded), "model_share": self.unloaded.model_share},
            "generator_limited": self.generator_limited,
            "resident_bytes": self.resident_bytes,
            "variant_bytes": self.bytes,
            "offline_accuracy": self.offline_accuracy,
            "void": [check.name for check in self.void],
            **{
                name: [asdict(one) for one in getattr(self, name)]
                for name in ("rounds", "checks", "timeline")
            },
            **{
                name: None if getattr(self, name) is None else asdict(getattr(self, name))
                for name in ("agreement", "peak", "curve", "offline")
            },
            "samples": self.samples,
        }


@dataclass(frozen=True)
class Skipped:
    """A variant, or some of its loads, that could not be measured, and why."""

    variant: str
    reason: str
    failed: bool
    """False where nothing went wrong: it simply cannot run here."""
