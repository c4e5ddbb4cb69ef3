"""What a run checks of itself. Each is a pure function from figures to one `Check`."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np

from loadtests.experiment.agreement import Agreement
from loadtests.experiment.rounds import Round
from loadtests.measure.check import Check
from loadtests.measure.summary import Summary
from loadtests.system.identity import Identity
from loadtests.workload.scenarios import CLOSED, OPEN, Scenario

GENERATOR_CPU_MAX = 0.9  # of its core; beyond it, the load generator is taken to have been the limit
WAITED_MAX = 0.1  # of the time: the generator was ready, and something else had its core
LATE_MAX = 0.1  # of the reported percentile: how late the generator may have sent
ANSWERS_FEW = 5  # of one user, in a round
STEADY_WINDOWS = 3  # in a row must be alike
_TOO_SHORT = "Give a longer --duration, fewer --rounds or fewer --users."
STEADY_MAX = 0.1  # how far a window may be from the mean of three, and that from the mean of all


def of_generator(summary: Summary) -> Check:
    """The generator must not have been the limit."""
    used = summary.generator_cpu
    if used is None:
        return Check("generator", None, "The generator's processor time was not watched.")
    return Check(
        "generator",
        used <= GENERATOR_CPU_MAX,
        f"The load generator used {used:.0%} of its core; at most {GENERATOR_CPU_MAX:.0%} is allowed.",
    )


def is_generator_limit(summary: Summary) -> bool:
    """Tell whether the load generator is taken to have been the limit, void or not."""
    return (summary.generator_cpu or 0.0) > GENERATOR_CPU_MAX


def of_core(summary: Summary) -> Check:
    """The generator must have had its core when it needed it."""
    waited = summary.generator_waited
    if waited is None:
        return Check("core", None, "The system does not say how long the generator waited for its core.")
    return Check(
        "core",
        waited <= WAITED_MAX,
        f"The load generator was ready to run and had no core for {waited:.1%} of the time; "
        f"at most {WAITED_MAX:.0%} is allowed.",
    )


def of_schedule(summary: Summary, scenario: Scenario) -> Check:
    """Where requests are scheduled, they must have been sent when they should."""
    if scenario.kind != OPEN:
        return Check("schedule", None, "A closed loop has no schedule to keep.")
    late, latency = summary.sent_late_p99_ms, summary.latency
    if late is None or latency is None:
        return Check("schedule", None, "Nothing was answered.")
    allowed = latency.p99_ms.value * LATE_MAX
    return Check(
        "schedule",
        late <= allowed,
        f"At p99 the load generator sent {late:.3f} ms late; at most {allowed:.3f} ms is allowed, "
        f"a tenth of the p99 of {latency.p99_ms.value:.3f} ms that is reported.",
    )


def of_answers(summary: Summary, scenario: Scenario, *, round_s: float = inf, alone_ms: float = 0.0) -> Check:
    """Every answer must have been as promised; where the service may refuse, a refusal is that.

    And there must have been some: in a closed loop of users who all begin at once, a round that is not much
    longer than an answer holds one volley or two, whatever the throughput is. `round_s` is the length of the
    shortest round, `alone_ms` the latency where nobody else asks.
    """
    if scenario.kind == CLOSED and 1000 * round_s < ANSWERS_FEW * alone_ms:
        return Check(
            "answers",
            False,
            f"A round measures {round_s:.2g} s and an answer takes {alone_ms:,.0f} ms even alone: too few "
            f"answers to tell anything ({summary.offered:,} in all). {_TOO_SHORT}",
        )
    if not summary.offered:
        return Check(
            "answers",
            False,
            f"Not one request was answered in the {summary.seconds:.2g} s that were measured: too few to "
            f"tell anything. {_TOO_SHORT}",
        )
    failures = scenario.unexpected(summary.failures)
    again = _reconnections(summary)
    refused = summary.failed - sum(failures.values())
    if not failures:
        told = f"All {summary.offered:,} answers were as promised."
        if refused:
            told = (
                f"{refused:,} of {summary.offered:,} were refused, as this scenario allows; all others were "
                "as promised."
            )
        return Check("answers", True, told + again)
    told = "; ".join(f"{count:,} x {reason}" for reason, count in failures.items())
    return Check(
        "answers",
        False,
        f"{sum(failures.values()):,} of {summary.offered:,} answers were unexpected: {told}.{again}",
    )


def _reconnections(summary: Summary) -> str:
    count = summary.reconnections
    if not count:
        return ""
    return f" {count:,} connections were opened anew, because the service had closed them between requests."


def of_steadiness(rounds: Sequence[Round], scenario: Scenario) -> Check:
    """Three windows in a row must have been alike in throughput and median latency, and like all together.

    As Triton's perf_analyzer has it: each of the three within 10% of their mean. But all windows are
    reported, not those three; so the mean of all must be within 10% of theirs as well, and so must the
    medians of the first and the second half be of their own, or three neighbours in a slow drift would pass.
    An open loop's throughput is its schedule's, so there only the latency is looked at; its p50, as p99 of a
    second is mostly noise.
    """
    if not scenario.is_steady:
        return Check("steady", None, "The load is meant to change.")
    if len(rounds) < STEADY_WINDOWS:
        return Check("steady", None, f"It takes three windows to see; there were {len(rounds)}.")
    empty = sum(one.p50_ms is None for one in rounds)
    if empty:
        return Check(
            "steady",
            False,
            f"In {empty} of {len(rounds)} windows nothing was answered: too few answers to tell. "
            f"{_TOO_SHORT}",
        )
    triples = [rounds[index : index + STEADY_WINDOWS] for index in range(len(rounds) - STEADY_WINDOWS + 1)]
    calm = min(triples, key=lambda one: max(spread(one, scenario)))
    best, apart, drift = spread(calm, scenario), _apart(rounds, calm, scenario), _drift(rounds, scenario)
    return Check(
        "steady",
        max(*best, apart, drift) <= STEADY_MAX,
        f"In the steadiest three windows in a row, of {len(rounds)}, throughput was within {best[0]:.1%} "
        f"and p50 within {best[1]:.1%} of their mean, the mean of all windows is {apart:.1%} off theirs, and "
        f"the two halves are within {drift:.1%} of their mean; at most {STEADY_MAX:.0%} is allowed.",
    )


def spread(rounds: Sequence[Round], scenario: Scenario) -> tuple[float, float]:
    """Return how far throughput and p50 of some windows are from their means, at most, as shares."""
    rates, latencies = _watched(rounds, scenario)
    return _spread(rates), _spread(latencies)


def of_service(before: Identity | None, after: Identity | None, *, process_ended: bool = False) -> Check:
    """The service must not have been swapped or started again meanwhile."""
    if process_ended:
        return Check("service", False, "The service's process ended during the measurement.")
    if before is None or after is None or before == Identity(None, None, None):
        return Check("service", None, "The service has no metrics that would tell whether it was restarted.")
    happened = before.became(after)
    if happened:
        return Check("service", False, f"The service was not the same throughout: {happened}.")
    return Check("service", True, "The same service answered from the first request to the last.")


def of_agreement(agreement: Agreement | None) -> Check:
    """The answers must be those that the variant gives without HTTP: a difference is a finding."""
    if agreement is None or not agreement.rows:
        return Check("agreement", None, "No answers were compared with predictions offline.", voids=False)
    passed = not agreement.labels_differ and not agreement.probabilities_differ
    return Check(
        "agreement",
        passed,
        f"Of {agreement.rows:,} rows compared with the variant's predictions offline, "
        f"{agreement.labels_differ:,} got another label and {agreement.probabilities_differ:,} a probability "
        f"off by more than {agreement.tolerance:g} (largest difference {agreement.largest_difference:.2g}).",
        voids=False,
    )


def _spread(values: Sequence[float]) -> float:
    mean = float(np.mean(values))
    if np.isnan(mean):
        return float("inf")
    return float(np.max(np.abs(np.array(values) - mean)) / mean) if mean else 0.0


def _apart(rounds: Sequence[Round], calm: Sequence[Round], scenario: Scenario) -> float:
    """Return how far the means of all windows are from those of the calm ones, at most, as a share."""
    pairs = zip(_watched(rounds, scenario), _watched(calm, scenario), strict=True)
    return max(_off(float(np.mean(every)), float(np.mean(those))) for every, those in pairs)


def _drift(rounds: Sequence[Round], scenario: Scenario) -> float:
    """Return how far the medians of the first and the second half of the windows are from their mean."""
    size = len(rounds) // 2
    ends = [_watched(part, scenario) for part in (rounds[:size], rounds[-size:])]
    return max(_spread([float(np.median(end[figure])) for end in ends]) for figure in (0, 1))


def _watched(rounds: Sequence[Round], scenario: Scenario) -> tuple[list[float], list[float]]:
    """Return what must be steady: requests a second, where they are the service's own, and p50."""
    rates = [0.0] if scenario.kind == OPEN else [one.requests_per_s for one in rounds]
    return rates, [np.nan if one.p50_ms is None else one.p50_ms for one in rounds]


def _off(mean: float, base: float) -> float:
    if np.isnan(mean) or np.isnan(base):
        return float("inf")
    return 0.0 if mean == base else abs(mean / base - 1) if base else float("inf")
