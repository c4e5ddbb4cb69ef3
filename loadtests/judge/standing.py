"""The standing of a variant in a run: the loads that it was put through, and which bounds they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite

from evidence.estimate import Estimate
from evidence.looks.early_stopping import requests_needed
from loadtests.experiment.measured import Measured, rate_in_words, rows_in_words
from loadtests.judge.bounds import Bounds
from loadtests.judge.certificate import Accuracies
from loadtests.workload.scenarios import SCENARIOS


@dataclass(frozen=True)
class Miss:
    """A bound that is not held: in words, and how many times beyond the bound the figure is."""

    words: str
    times: float


@dataclass(frozen=True)
class Standing:
    """A variant that was measured, with answers that may be believed, at every number of rows that counts."""

    name: str
    loads: tuple[Measured, ...]
    """Fewest rows a request first."""
    accuracy: Estimate
    """Of the test rows, without HTTP."""

    @property
    def bytes(self) -> int | None:
        """Of its file; None of a system."""
        return self.loads[-1].variant_bytes

    @property
    def has_failures(self) -> bool:
        """Tell whether some answers were not as promised; a refusal is, where the scenario allows it."""
        return any(map(has_failures, self.loads))

    def beside(self, other: Standing) -> list[tuple[Measured, Measured]]:
        """Return the loads of both, pair by pair."""
        return list(zip(self.loads, other.loads, strict=True))

    def unmet(self, bounds: Bounds) -> list[Miss]:
        """Say which bounds it does not hold, and by how much. A bound must be held in every load."""
        found = []
        for load in self.loads:
            where = f"with {rows_in_words(load.rows_per_request)} a request"
            rate = load.peak.requests_per_s or 0.0 if load.peak else load.requests_per_s
            if load.peak and not load.peak.requests_per_s:
                why = f" ({load.peak.why})" if load.peak.why else ""
                found.append(Miss(f"no rate holds p99 of {load.peak.bound_ms:g} ms {where}{why}", inf))
            elif not load.peak and bounds.p99_ms is not None and (load.p99 or inf) > bounds.p99_ms:
                p99 = load.p99 or inf
                words = f"{p99:.3g} ms" if load.p99 else "not known"
                found.append(Miss(f"p99 {words} {where}", p99 / bounds.p99_ms))
            if bounds.min_rps is not None and rate < bounds.min_rps:
                beyond = bounds.min_rps / rate if rate else inf
                words = f"{rate_in_words(rate)} requests/s" if rate else "requests/s not known"
                found.append(Miss(f"{words} {where}", beyond))
        if bounds.min_accuracy is not None and self.accuracy.value < bounds.min_accuracy:
            allowed = 1 - bounds.min_accuracy
            beyond = (1 - self.accuracy.value) / allowed if allowed else inf
            found.append(Miss(f"accuracy {self.accuracy.value:.4f}", beyond))
        if bounds.max_mb is not None and self.bytes is not None and self.bytes > bounds.max_mb * 1e6:
            found.append(Miss(f"a file of {self.bytes / 1e6:.3g} MB", self.bytes / 1e6 / bounds.max_mb))
        return found

    def unproven(self, bounds: Bounds) -> list[str]:
        """Say which bounds it holds by its figures, while the interval of the figure reaches beyond."""
        found = []
        for load in self.loads:
            p99 = load.latency.p99_ms if load.latency and not load.peak else None
            if p99 and bounds.p99_ms is not None and p99.value <= bounds.p99_ms < p99.high:
                found.append(
                    f"p99 {p99.value:.3g} ms ({_ends_of_p99(p99, load.answers)}) with "
                    f"{rows_in_words(load.rows_per_request)} a request"
                )
        accuracy = self.accuracy
        if bounds.min_accuracy is not None and accuracy.low < bounds.min_accuracy <= accuracy.value:
            found.append(f"accuracy {accuracy.value:.4f} ({accuracy.low:.4f} to {accuracy.high:.4f})")
        return found


def standings(loads: Sequence[Measured], accuracies: Accuracies) -> dict[str, Standing]:
    """Return the variants that were measured, and are not void, at every number of rows that counts.

    A number of rows at which nothing can be believed does not count.
    """
    settings = rows_that_count(loads)
    found = {}
    for name in dict.fromkeys(load.variant for load in loads):
        by_rows = {load.rows_per_request: load for load in loads if load.variant == name}
        counted = [by_rows[rows] for rows in settings if rows in by_rows]
        if counted and len(counted) == len(settings) and not any(map(_is_nothing, counted)):
            certificate = accuracies.of_variant(name)
            offline = counted[-1].offline_accuracy
            told = Estimate(0.0, 0.0, 1.0) if offline is None else Estimate(offline, offline, offline)
            accuracy = certificate.accuracy if certificate else told
            found[name] = Standing(name, tuple(counted), accuracy)
    return found


def _ends_of_p99(p99: Estimate, answers: int) -> str:
    low = f"{p99.low:.3g}" if isfinite(p99.low) else "unknown"
    if isfinite(p99.high):
        return f"{low} to {p99.high:.3g}"
    if answers < requests_needed(0):
        return f"{low} to unknown: it takes {requests_needed(0):,} answers to tell, there were {answers:,}"
    return f"{low} to unknown: the slow answers came together, as in a stall, and are few events"


def rows_that_count(loads: Sequence[Measured]) -> list[int]:
    """Return the numbers of rows at which some load can be believed, fewest first."""
    return sorted({load.rows_per_request for load in loads if not _is_nothing(load)})


def has_failures(load: Measured) -> bool:
    """Tell whether answers were not as promised, other than by a refusal that the scenario allows."""
    return bool(SCENARIOS[load.scenario].unexpected(load.failures))


def _is_nothing(load: Measured) -> bool:
    """Tell whether there is no figure to believe; processor time tells even where no rate does."""
    return bool(load.void) or (not load.answers and load.cost is None)
