"""What a run checks of itself. Each is a pure function from figures to one `Check`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.experiment.agreement import Agreement
from loadtests.experiment.blocks import TurnFigures
from loadtests.measure.check import Check
from loadtests.measure.summary import Summary
from loadtests.system.identity import Identity
from loadtests.workload.scenarios import Scenario

GENERATOR_CPU_MAX = 0.9  # of its core; beyond it, the load generator is taken to have been the limit
WAITED_MAX = 0.1  # of the time: the generator was ready, and something else had its core
LATE_MAX = 0.1  # of the reported percentile: how late the generator may have sent
COUNTED_MIN = 0.25  # of the turns, or what is left is a strange choice
PUT_OFF_MAX = 0.2  # of what a service uses in its own turns
IDLE_MAX = 0.02  # of a core: what a service may use all the time, though nobody asks it
_SHARED = "Generator and service share one core, so each waits for the other."


def of_generator(summary: Summary) -> Check:
    """The generator must not have been the limit."""
    used = summary.generator_cpu
    if used is None:
        return Check("generator", None, "Of no turn that counts is the generator's processor time known.")
    return Check(
        "generator",
        used <= GENERATOR_CPU_MAX,
        f"The load generator used {used:.0%} of its core; at most {GENERATOR_CPU_MAX:.0%} is allowed.",
    )


def is_generator_limit(summary: Summary) -> bool:
    """Tell whether the load generator is taken to have been the limit, void or not."""
    return (summary.generator_cpu or 0.0) > GENERATOR_CPU_MAX


def of_core(summary: Summary, *, is_shared: bool = False) -> Check:
    """The generator must have had its core when it needed it, unless the service has the same one."""
    waited = summary.generator_waited
    if is_shared:
        return Check("core", None, _SHARED)
    if waited is None:
        return Check("core", None, "The system does not say how long the generator waited for its core.")
    return Check(
        "core",
        waited <= WAITED_MAX,
        f"The load generator was ready to run and had no core for {waited:.1%} of the time; "
        f"at most {WAITED_MAX:.0%} is allowed.",
    )


def has_enough(turns: Sequence[TurnFigures]) -> bool:
    """Tell whether enough turns count for the rest not to matter."""
    return sum(not one.why_void for one in turns) >= COUNTED_MIN * len(turns)


def of_turns(turns: Sequence[TurnFigures], *, is_shared: bool) -> Check:
    """The generator must have had its core in the turns that count, and enough of them must.

    Rounds count, or do not, for all variants alike, and by how the generator fared. Where too few are left,
    what the service's own processor time tells is right all the same.
    """
    if is_shared:
        return Check("core", None, _SHARED)
    void = [one for one in turns if one.why_void]
    if not void:
        return Check("core", True, f"The load generator had its core in all {len(turns):,} turns.")
    told = (
        f"Throughput and latency of {len(void):,} of {len(turns):,} turns do not count, as of the last of "
        f"them: {void[-1].why_void}."
    )
    if has_enough(turns):
        return Check("core", True, told)
    # Of some it may not be known: a process that had been started for a moment is gone at their end.
    if sum(bool(one.rows_per_core_s) for one in turns) >= COUNTED_MIN * len(turns):
        return Check("core", None, f"{told} The processor time of the service does.")
    return Check("core", False, f"{told} At least {COUNTED_MIN:.0%} of the turns must.")


def of_schedule(summary: Summary, scenario: Scenario) -> Check:
    """Where requests are scheduled, they must have been sent when they should."""
    if not scenario.is_scheduled:
        return Check("schedule", None, "A closed loop has no schedule to keep.")
    late, latency = summary.sent_late_p99_ms, summary.latency
    if late is None or latency is None:
        return Check("schedule", None, "Nothing was answered.")
    allowed = max(latency.p99_ms.value, summary.bound_ms or 0.0) * LATE_MAX
    return Check(
        "schedule",
        late <= allowed,
        f"At p99 the load generator sent {late:.3f} ms late; at most {allowed:.3f} ms is allowed, "
        f"a tenth of the p99 of {latency.p99_ms.value:.3f} ms that is reported.",
    )


def of_steps(kept: Sequence[float], sent: int) -> Check:
    """Of the turns of rising rates enough must count: those of which the generator kept the schedule.

    `kept` are the shares of requests that it sent late in these all the same.
    """
    late = f" Of these, up to {max(kept):.1%} of the requests of a turn were sent late." if any(kept) else ""
    return Check(
        "schedule",
        bool(kept) and len(kept) >= COUNTED_MIN * sent,
        f"The load generator kept the schedule in {len(kept):,} of {sent:,} turns; at least "
        f"{COUNTED_MIN:.0%} of them must count.{late}",
    )


def of_answers(summary: Summary, scenario: Scenario) -> Check:
    """Every answer must have been as promised; where the service may refuse, a refusal is that."""
    if not summary.seconds:
        return Check("answers", None, "No turn counts, and in none of them was an answer unexpected.")
    if not summary.offered:
        return Check("answers", False, f"Not one request was answered in {summary.seconds:.2g} s.")
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


def change_of(before: Identity | None, after: Identity | None, *, has_ended: bool = False) -> str | None:
    """Return what became of a service meanwhile, "" where it stayed the same; None where nobody knows."""
    if has_ended:
        return "its process ended during the measurement"
    if before is None or after is None or before == Identity(None, None, None):
        return None
    return before.became(after) or ""


def of_service(changes: Sequence[str | None]) -> Check:
    """The service must not have been swapped or started again, but by the run itself between two blocks."""
    if happened := next(filter(None, changes), None):
        return Check("service", False, f"The service was not the same throughout: {happened}.")
    if None in changes or not changes:
        return Check("service", None, "The service has no metrics that would tell whether it was restarted.")
    return Check("service", True, "The same service answered from the first request to the last.")


@dataclass(frozen=True)
class Spent:
    """The processor time of a service in one block, in seconds."""

    own_s: float
    """In turns of its own."""
    beside_s: float
    """In the rest of the block,"""
    idle_s: float
    """which was as long as this."""


def of_cost(blocks: Sequence[Spent]) -> Check:
    """What a service uses must be used in its own turns: what it puts off is not in its cost.

    A little that is used all the time is not put off; beside a light load it looks like much.
    """
    own_s = sum(one.own_s for one in blocks)
    if not own_s:
        return Check("cost", None, "The processor time of the service is not known.", voids=False)
    beside_s, idle_s = sum(one.beside_s for one in blocks), sum(one.idle_s for one in blocks)
    put_off, idle = beside_s / own_s, beside_s / idle_s if idle_s else 0.0
    return Check(
        "cost",
        put_off <= PUT_OFF_MAX or idle <= IDLE_MAX,
        f"Beside its own turns the service used {put_off:.1%} as much processor time as in them, and "
        f"{idle:.1%} of a core; at most {PUT_OFF_MAX:.0%} is allowed, or {IDLE_MAX:.0%} of a core, for what "
        "it puts off is not in its cost.",
        voids=False,
    )


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
