"""Part 9: clients that try again at once, whatever they are answered, from few to a thousand, and a burst."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from math import ceil

import numpy as np

from benchmarks.errors import BenchmarkError, VoidRunError
from benchmarks.load.client import Findings, unanswered
from benchmarks.load.counters import Answers, Readings, reading
from benchmarks.load.prober import PAUSE_S
from benchmarks.load.probes import PATH, Prober, Probes, prober
from benchmarks.load.request import Request, octets_request
from benchmarks.plan import Plan
from benchmarks.report.figure import Figure, at_least, at_most
from benchmarks.report.result import Result
from benchmarks.subjects import server
from benchmarks.subjects.models import QUICK, SLOW, Recipe
from bundle.bundle import Bundle
from evidence.percentiles import percentile
from loadtests.rig.cores import bound_to
from loadtests.rig.turns import turn

ROWS = 64
AIMS = {
    "goodput / calm": at_least(0.93),
    "goodput a processor second / calm": at_least(0.93),
    "goodput during / before": at_least(0.93),
    "goodput later / before": at_least(0.93),
    "probes' p99, ms": at_most(50.0),
}
AFTER_S = 2.0  # at least so much longer than a burst is what comes after it

_READ_S = 0.25
_PROBES = round(1 / PAUSE_S)
_SETTLE_S = 0.5  # in which connections are opened


@dataclass(frozen=True)
class Case:
    """What is besieged, and by how many connections: `calm` of them, too few to be refused, then a burst."""

    name: str
    recipe: Recipe
    connections: tuple[int, ...]
    calm: int = 0
    burst: int = 0
    variant: str = "int16x8"


CASES = (
    Case("calls on the event loop", QUICK, (64, 128, 256, 400, 600, 1000), calm=128, burst=600),
    Case("calls in threads", SLOW, (16, 128, 1000)),
)


@dataclass(frozen=True)
class Besieged:
    """What a load was answered a second, how much of it was not, and how its probes fared."""

    answers: Answers
    unanswered: int
    probes: Probes
    first_probes: Probes
    """While the connections were opened."""


@dataclass(frozen=True)
class Burst:
    """What was answered a second: of the calm connections, then of all, then of the calm ones again."""

    before: Answers
    during: Answers
    first_s: Answers
    """In the second after."""
    later: Answers
    unanswered: int
    probes: Probes


@dataclass(frozen=True)
class Siege:
    """Whom the loads are sent to, and what is watched meanwhile."""

    plan: Plan
    server: server.Server
    request: Request
    prober: Prober

    def load(self, connections: int) -> Besieged:
        """Load it with so many connections. Raises BenchmarkError."""
        with self.prober.probing() as probes, self._reading() as readings:
            with self._begun(connections, self.plan.seconds) as found:
                findings = found()
            end = time.perf_counter()
        start = _start(findings, end)
        settled = start + self._settle_s
        return Besieged(
            readings.per_s(settled, end),
            unanswered(findings),
            probes.between(settled, end),
            probes.between(start, settled),
        )

    def burst(self, calm: int, more: int) -> Burst:
        """Load it with calm connections all the time, and more in the middle. Raises BenchmarkError."""
        seconds = self.plan.seconds
        with self.prober.probing() as probes, self._reading() as readings:
            with self._begun(calm, self._settle_s + seconds + 2 * ceil(seconds) + AFTER_S) as calm_found:
                time.sleep(self._settle_s + seconds)
                with self._begun(more, seconds) as found:
                    findings = found()
                burst_end = time.perf_counter()
                calm_findings = calm_found()
            end = time.perf_counter()
        if end - burst_end < AFTER_S:
            raise VoidRunError(
                f"the burst ended so late that only {end - burst_end:.1f} s were left after it"
            )
        start, burst_start = _start(calm_findings, end), _start(findings, burst_end)
        return Burst(
            before=readings.per_s(start + self._settle_s, burst_start),
            during=readings.per_s(burst_start, burst_end),
            first_s=readings.per_s(burst_end, burst_end + 1),
            later=readings.per_s(burst_end + 1, end),
            unanswered=unanswered(calm_findings) + unanswered(findings),
            probes=probes.between(start, end),
        )

    @property
    def _settle_s(self) -> float:
        return min(_SETTLE_S, self.plan.seconds / 4)

    def _begun(self, connections: int, seconds: float) -> AbstractContextManager[Callable[[], Findings]]:
        return self.plan.client.begun(
            self.server.host, self.request, connections=connections, seconds=seconds
        )

    def _reading(self) -> AbstractContextManager[Readings]:
        pause_s = min(_READ_S, self.plan.seconds / 4)
        return reading(self.server.host, self.server.process.processor_s, pause_s=pause_s)


def run(plan: Plan, result: Result) -> None:
    """Fill `result`. Raises BenchmarkError and BundleError."""
    result.conditions += [
        f"{ROWS} rows of octets a request; each connection sends it again as soon as any answer is there",
        "answers: as the service counts them; goodput: answered 200; refused: answered 503",
        "failed: answered otherwise; these, and requests without an answer, are shown where there were any",
        "calm: the fewest connections, of which none is refused, in the same round",
        f"the first {_SETTLE_S:g} s of a load, in which connections are opened at once, count for `opening`",
        f"probes: {PATH}, {_PROBES} a second at most, one after the other, each over a new connection",
        "probes are sent by a process on the load's core: what it waits for that core is in their times",
    ]
    for case in CASES:
        profile(plan, result, case, plan.models.bundle(case.recipe, plan.say))


def profile(plan: Plan, result: Result, case: Case, bundle: Bundle) -> None:
    """Besiege one model in rounds. A load that is void leaves the others standing."""
    request = octets_request(f"/predict?variant={case.variant}", bundle.test_set()[0][:ROWS])
    result.conditions.append(
        f"{case.name}: {bundle.name}/{bundle.version} {case.variant}, {len(request.body)} bytes a request"
        + (f"; the burst: {case.burst} connections beside {case.calm}" if case.burst else "")
    )
    logs = plan.logs / f"siege-{bundle.name}"
    logs.mkdir()
    rounds: list[dict[int, Besieged]] = []
    bursts: list[Burst] = []
    with (
        server.service(
            plan.models.folder,
            bundle.name,
            [case.variant],
            log=logs / "service.log",
            core=plan.cores.server,
        ) as ours,
        bound_to(plan.cores.load),  # reading the counters is a part of the load
        prober(ours.host, log=logs / "prober.log", core=plan.cores.load) as ask,
    ):
        request.send(ours.host)
        siege = Siege(plan, ours, request, ask)
        for index in range(plan.rounds):
            at = f"{case.name}, round {index + 1} of {plan.rounds}"
            rounds.append({})
            for connections in turn(case.connections, index):
                with _void_told(plan, result, f"{at}: {_shown(connections)}"):
                    rounds[-1][connections] = siege.load(connections)
            if case.burst:
                with _void_told(plan, result, f"{at}: a burst"):
                    bursts.append(siege.burst(case.calm, case.burst))
    result.samples[case.name] = {
        _shown(connections): [one[connections] for one in rounds if connections in one]
        for connections in case.connections
    } | {"a burst": bursts}
    result.figures += figures(case, rounds) + burst_figures(case, bursts)


def figures(case: Case, rounds: Sequence[Mapping[int, Besieged]]) -> list[Figure]:
    """Return what became of each number of connections, from the rounds in which it was measured."""
    found = []
    for connections in case.connections:
        measured = [(one[connections], one.get(case.connections[0])) for one in rounds if connections in one]
        pairs = [(one.answers, calm.answers) for one, calm in measured if calm and calm.answers.served]
        opening = [one.first_probes for one, _ in measured]
        name = f"{case.name}, {_shown(connections)}"
        found += _figures(
            name,
            {
                "goodput, requests/s": [one.answers.served for one, _ in measured],
                "goodput / calm": [one.served / calm.served for one, calm in pairs],
                "goodput a processor second / calm": _by_processor_time(pairs),
                "refused, requests/s": [one.answers.refused for one, _ in measured],
                "failed, requests/s": _if_any([one.answers.failed for one, _ in measured]),
            }
            | _troubles([one for one, _ in measured])
            | {"opening: probes' longest, ms": [max(one.took_ms) for one in opening if one.took_ms]},
        )
    return found


def burst_figures(case: Case, bursts: Sequence[Burst]) -> list[Figure]:
    """Return what a burst does to the goodput, and what it leaves behind."""
    before = [one for one in bursts if one.before.served]
    pairs = [(one.during, one.before) for one in before]
    columns = {
        "goodput before, requests/s": [one.before.served for one in bursts],
        "goodput during / before": [one.served / calm.served for one, calm in pairs],
        "goodput a processor second, during / before": _by_processor_time(pairs),
        "goodput in the second after / before": [one.first_s.served / one.before.served for one in before],
        "goodput later / before": [one.later.served / one.before.served for one in before],
        "refused during, requests/s": [one.during.refused for one in bursts],
        "refused later, requests/s": [one.later.refused for one in bursts],
        "failed during, requests/s": _if_any([one.during.failed for one in bursts]),
    }
    return _figures(f"{case.name}, a burst", columns | _troubles(bursts))


def _troubles(measured: Sequence[Besieged | Burst]) -> dict[str, list[float]]:
    """Return what the probes waited, and whatever went wrong, where anything did."""
    times = [np.array(one.probes.took_ms) for one in measured if one.probes.took_ms]
    return {
        "probes' p50, ms": [percentile(those, 50) for those in times],
        "probes' p99, ms": [percentile(those, 99) for those in times],
        "probes' longest, ms": [float(those.max()) for those in times],
        "failed probes": _if_any([one.probes.failed for one in measured]),
        "requests without an answer": _if_any([one.unanswered for one in measured]),
    }


def _by_processor_time(pairs: Sequence[tuple[Answers, Answers]]) -> list[float]:
    """Return what was served for a processor second, over what the second of each pair has for one."""
    return [
        (one.served / one.processor_s) / (calm.served / calm.processor_s)
        for one, calm in pairs
        if one.processor_s and calm.processor_s
    ]


def _if_any(counts: Sequence[float]) -> list[float]:
    return list(counts) if any(counts) else []


def _figures(name: str, columns: Mapping[str, Sequence[float]]) -> list[Figure]:
    return [
        Figure(f"{name}: {column}", tuple(values), AIMS.get(column))
        for column, values in columns.items()
        if values
    ]


def _start(findings: Findings, end: float) -> float:
    """Return when a load began that has just ended."""
    return end - float(findings["duration_us"]) / 1e6


def _shown(connections: int) -> str:
    return f"{connections:,} connections"


@contextmanager
def _void_told(plan: Plan, result: Result, at: str) -> Iterator[None]:
    plan.say(at)
    try:
        yield
    except BenchmarkError as error:
        result.void.append(f"{at}: {error}")
