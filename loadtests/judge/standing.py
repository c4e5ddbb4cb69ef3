"""The standing of a variant in a run: over all the loads it was put through, and whether another beats it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from evidence import pareto
from evidence.early_stopping import requests_needed
from evidence.estimate import Estimate, Sign
from loadtests.experiment.measured import Measured, rate_in_words, rows_in_words
from loadtests.judge.budget import Budget
from loadtests.judge.contrast import Contrasts
from loadtests.measure.summary import Accuracy
from loadtests.workload.scenarios import OPEN, SCENARIOS

SAME_SPEED = 1.05  # a lead below this is none, whatever the interval says: nobody ships for 5%
BY_LATENCY = {"single_stream", "server"}  # scenarios whose rate is not the service's own doing


@dataclass(frozen=True)
class Standing:
    """A variant that was measured, with answers that may be believed, at every number of rows."""

    name: str
    loads: tuple[Measured, ...]
    """Fewest rows a request first."""
    accuracy: Accuracy
    """At the most rows a request."""

    @property
    def last(self) -> Measured:
        """The load with the most rows a request, which decides where one must."""
        return self.loads[-1]

    @property
    def bytes(self) -> int:
        return self.last.variant_bytes

    @property
    def has_failures(self) -> bool:
        """Tell whether some answers were not as promised; a refusal is, where the scenario allows it."""
        return any(SCENARIOS[load.scenario].unexpected(load.failures) for load in self.loads)

    @property
    def speed(self) -> float:
        """What the scenario is about, more being better: its peak rate, its throughput, or a short p99."""
        load = self.last
        if load.peak:
            return load.peak.requests_per_s or 0.0
        if load.scenario in BY_LATENCY:
            return 1 / load.p99 if load.p99 else 0.0
        return load.rows_per_s

    def unmet(self, budget: Budget) -> list[str]:
        """Say which bounds it does not hold, and by how much. A bound must be held in every load."""
        found = []
        for load in self.loads:
            where = f"with {rows_in_words(load.rows_per_request)} a request"
            rate = load.peak.requests_per_s or 0.0 if load.peak else load.requests_per_s
            if load.peak and not load.peak.requests_per_s:
                why = f" ({load.peak.why})" if load.peak.why else ""
                found.append(f"no rate holds p99 of {load.peak.bound_ms:g} ms {where}{why}")
            elif not load.peak and budget.p99_ms is not None and (load.p99 or float("inf")) > budget.p99_ms:
                found.append(f"p99 {load.p99 or float('nan'):.3g} ms {where}")
            if budget.min_rps is not None and rate < budget.min_rps:
                found.append(f"{rate_in_words(rate)} requests/s {where}")
        if budget.min_accuracy is not None and self.accuracy.value < budget.min_accuracy:
            found.append(f"accuracy {self.accuracy.value:.4f}")
        if budget.max_mb is not None and self.bytes > budget.max_mb * 1e6:
            found.append(f"a file of {self.bytes / 1e6:.3g} MB")
        return found

    def unproven(self, budget: Budget) -> list[str]:
        """Say which bounds it holds by its figures, while the interval of the figure reaches beyond."""
        found = []
        for load in self.loads:
            p99 = load.latency.p99_ms if load.latency and not load.peak else None
            if p99 and budget.p99_ms is not None and p99.value <= budget.p99_ms < p99.high:
                found.append(
                    f"p99 {p99.value:.3g} ms ({_ends_of_p99(p99, load.answers)}) with "
                    f"{rows_in_words(load.rows_per_request)} a request"
                )
        accuracy = self.accuracy
        if budget.min_accuracy is not None and accuracy.low < budget.min_accuracy <= accuracy.value:
            found.append(f"accuracy {accuracy.value:.4f} ({accuracy.low:.4f} to {accuracy.high:.4f})")
        return found


def _ends_of_p99(p99: Estimate, answers: int) -> str:
    low = f"{p99.low:.3g}" if isfinite(p99.low) else "unknown"
    if isfinite(p99.high):
        return f"{low} to {p99.high:.3g}"
    if answers < requests_needed(0):
        return f"{low} to unknown: it takes {requests_needed(0):,} answers to tell, there were {answers:,}"
    return f"{low} to unknown: the slow answers came together, as in a stall, and are few events"


def standings(loads: Sequence[Measured]) -> dict[str, Standing]:
    """Return the variants that were measured at every number of rows, with answers, and not void in any."""
    settings = sorted({load.rows_per_request for load in loads})
    found = {}
    for name in dict.fromkeys(load.variant for load in loads):
        by_rows = {load.rows_per_request: load for load in loads if load.variant == name}
        accuracy = by_rows[max(by_rows)].accuracy
        if set(by_rows) == set(settings) and accuracy and not any(load.void for load in by_rows.values()):
            found[name] = Standing(name, tuple(by_rows[rows] for rows in settings), accuracy)
    return found


def dominates(better: Standing, worse: Standing, contrasts: Contrasts) -> bool:
    """Tell whether one variant is at least as good in accuracy, throughput, p99 and size, and better in one.

    What the intervals do not tell apart counts as equal; only a throughput that is short by more than 5% is
    not taken for as good, however wide its interval.
    """
    pairs = list(zip(better.loads, worse.loads, strict=True))
    accuracy = contrasts.accuracy(better.last, worse.last)
    tails = [contrasts.p99(*pair) for pair in pairs]
    return pareto.dominates(
        [
            accuracy.side_of(0) if accuracy else -1,
            pareto.sign(worse.bytes, better.bytes),
            *(_sign_of_speed(contrasts.throughput(*pair)) for pair in pairs),
            *(pareto.opposite(tail.side_of(1)) for tail in tails if tail),
        ]
    )


def _sign_of_speed(ratio: Estimate | None) -> Sign:
    """Return 1 where a throughput is above another's, and -1 where it is below, or cannot be compared."""
    if ratio is None or ratio.value * SAME_SPEED < 1:
        return -1
    return ratio.side_of(1)


def dominated(known: Mapping[str, Standing], contrasts: Contrasts) -> dict[str, str]:
    """Name, for each dominated variant, one that dominates it: the fastest, and itself not if possible."""
    rivals = {
        name: [other for other in known.values() if other.name != name and dominates(other, one, contrasts)]
        for name, one in known.items()
    }
    return {
        name: max(better, key=lambda other: (not rivals[other.name], other.speed)).name
        for name, better in rivals.items()
        if better
    }


def is_scheduled(load: Measured) -> bool:
    """Tell whether the rate of a load is its schedule's, and says nothing of the service."""
    return SCENARIOS[load.scenario].kind == OPEN and load.peak is None


def speed_in_words(load: Measured) -> str:
    """Return what the speed of a load is called."""
    return "peak rate" if load.peak else "throughput"
