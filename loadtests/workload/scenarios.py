"""The scenarios: for each, when a request is sent, and what the figure is.

After the scenarios of MLPerf Inference (Reddi et al., 2020), whose rules say both before they measure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil

from loadtests.workload.arrivals import Draw, bursts, poisson

CLOSED, OPEN, SHAPED, STEPPED = "closed", "open", "shaped", "stepped"
COST, THROUGHPUT, GOODPUT = "rows_per_core_s", "rows_per_s", "goodput_per_s"
P50, P99 = "p50_ms", "p99_ms"
LESS_IS_BETTER = {P50, P99}
SHED = 503  # what a service answers that refuses
SHED_STATUS = f"status {SHED}"
EXPIRED = 504  # what a service answers that gives up what has waited for too long
EXPIRED_STATUS = f"status {EXPIRED}"
SHARES = (0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0, 1.2)
"""Of steps: their rates, as shares of what the quickest variant bears."""

OFFLINE_ROWS = 512
OFFLINE_BODY_BYTES = 15 * 2**20  # the service takes 16 MiB, and bodies differ a little
_OFFLINE_USERS = 2  # one request is decoded by the service while the next is on its way


def _rise(progress: float, most: int) -> int:
    """Reach `most` after four fifths, so that its height is seen as well."""
    return ceil(most * progress / 0.8)


def _spike(progress: float, most: int) -> int:
    return most if 1 / 3 <= progress < 2 / 3 else most // 10


@dataclass(frozen=True)
class Scenario:
    """How a load is made, and read."""

    name: str
    kind: str
    """`closed`: an answer sends the next request. `open`: a schedule does. `shaped`: closed, of users who
    come and go. `stepped`: schedules of ever higher rates, the same for all."""
    sends: str
    figure: str
    figures: tuple[str, ...]
    """Those of a turn, or of a block, by which variants are told apart, the first of them first. A rate that
    is the schedule's is none, and rows that were late are none."""
    sheds: bool
    """The service may refuse: that is part of the figure, and not an unexpected answer."""
    users: int | None = None
    """How many there are, whatever was asked for; None where that is up to whoever asks."""
    shape: Callable[[float, int], int] | None = None
    """Of a shaped one: from the share of its time that is over, and the most users, to those there are."""
    draw: Draw = poisson
    """Of what is scheduled: the moments."""

    @property
    def is_scheduled(self) -> bool:
        """Tell whether requests are sent at moments that were drawn before, answered or not."""
        return self.kind in (OPEN, STEPPED)

    def unexpected(self, failures: Mapping[str, int]) -> dict[str, int]:
        """Return those of `failures`, counts by reason, that are no refusals, where it may refuse.

        Where it was told how long a request may take, it may give up as well.
        """
        allowed = {SHED_STATUS} if self.sheds else set()
        if self.kind == STEPPED:
            allowed.add(EXPIRED_STATUS)
        return {reason: count for reason, count in failures.items() if reason not in allowed}


SCENARIOS = {
    one.name: one
    for one in (
        Scenario(
            "users",
            CLOSED,
            "each of N users sends the next request when the last is answered and the think time is over",
            "requests and rows a second, and the percentiles of the latency, of that many users",
            figures=(COST, THROUGHPUT),
            sheds=False,
        ),
        Scenario(
            "single_stream",
            CLOSED,
            "one client sends the next request when the last is answered",
            "p50, p90 and p99 of the latency",
            figures=(P50,),
            sheds=False,
            users=1,
        ),
        Scenario(
            "server",
            OPEN,
            "at moments of a Poisson process, drawn in full from one seed before the run, answered or not",
            "p99 from the scheduled moment; with --find-peak, the highest rate that holds it",
            figures=(GOODPUT, P99),
            sheds=False,
        ),
        Scenario(
            "offline",
            CLOSED,
            "large requests, the next as soon as one of a few connections is free",
            "rows a second, and their share of what the interpreter does in a process of its own",
            figures=(COST, THROUGHPUT),
            sheds=False,
            users=_OFFLINE_USERS,
        ),
        Scenario(
            "rise",
            SHAPED,
            "users join at a steady pace until all are there, each as in `users`",
            "goodput, shed and late requests over time",
            figures=(GOODPUT,),
            sheds=True,
            shape=_rise,
        ),
        Scenario(
            "spike",
            SHAPED,
            "a tenth of the users, then all at once for the middle third, then a tenth again",
            "goodput, shed and late requests over time",
            figures=(GOODPUT,),
            sheds=True,
            shape=_spike,
        ),
        Scenario(
            "ramp",
            STEPPED,
            "as in `server`, at one rate after another, each the same moments and rows for all",
            "effective accuracy against the rate: rows answered rightly and in time, of all offered",
            figures=(GOODPUT,),
            sheds=True,
        ),
        Scenario(
            "bursts",
            STEPPED,
            "as in `ramp`, but each rate is a mean: for a while it is half of that, then for a shorter while "
            "three times (a Poisson process modulated by a Markov chain)",
            "effective accuracy against the mean rate: rows answered rightly and in time, of all offered",
            figures=(GOODPUT,),
            sheds=True,
            draw=bursts,
        ),
    )
}


def users_at(scenario: str, elapsed_s: float, seconds: float, most: int) -> int:
    """Return how many users a scenario has, `elapsed_s` into its `seconds`; at least one, and `most` at most.

    Where it has no shape, all are there from the beginning.
    """
    shape = SCENARIOS[scenario].shape
    progress = min(max(elapsed_s / seconds, 0.0), 1.0)
    return most if shape is None else max(1, min(most, shape(progress, most)))
