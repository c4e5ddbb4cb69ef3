"""Part 10: the peak that our load test finds, against the one that MLCommons' LoadGen finds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.errors import VoidRunError
from benchmarks.load.open_loop import Target, result_of
from benchmarks.load.request import Request, json_request, plain
from benchmarks.plan import Plan
from benchmarks.referee.process import PACKAGES, LoadGen, Verdict, loadgen
from benchmarks.referee.search import peak
from benchmarks.report.figure import Figure, within
from benchmarks.report.result import Result
from benchmarks.subjects import server
from benchmarks.subjects.models import HEAVY
from benchmarks.subjects.server import Server
from bundle.bundle import Bundle
from loadtests.rig.turns import turn

VARIANT = "float32"
BOUND_MS = 50.0  # of p99: so many times what a request takes that no stall of the machine decides
APART = 0.05  # of the peaks, at the most
# A rate is tried as long as ours tries it: until a proof with three late is made, with a tenth to spare.
SECONDS, QUERIES = 2.0, 1101
EACH_US = 600.0  # of a request to the server that goes by the clock

_START = 500.0  # requests a second with which both begin
_BUDGET_S = 1.0  # of what our load test measures once it has the peak

Peaks = dict[str, float]
"""Requests a second, by who found them."""
Trials = list[dict[str, Any]]


def run(plan: Plan, result: Result) -> None:
    """Fill `result`. A void round leaves the others standing. Raises BenchmarkError and BundleError."""
    bundle = plan.models.bundle(HEAVY, plan.say)
    result.conditions += _conditions(bundle)
    answer = plan.logs / "answer.json"
    answer.write_text(json.dumps(_answer(bundle)), encoding="utf-8")
    log, core = plan.logs / "served.log", plan.cores.server
    with server.paced(answer, EACH_US, log=log, core=core) as clock:
        _measure(plan, result, bundle, "by the clock", clock)
    with server.service(plan.models.folder, bundle.name, [VARIANT], log=log, core=core) as ours:
        _measure(plan, result, bundle, "service", ours)


def _measure(plan: Plan, result: Result, bundle: Bundle, name: str, served: Server) -> None:
    """Let both find the peak of what is served, in turn."""
    plan.say("LoadGen: its environment")
    with loadgen(
        served.host,
        [one.encoded(served.host) for one in requests(bundle)],
        folder=plan.logs / f"loadgen, {name}",
        core=plan.cores.load,
        seconds=SECONDS,
        queries=QUERIES,
        late_ms=BOUND_MS,
    ) as theirs:
        target = Target(served.host, plan.models.folder, bundle.name, VARIANT)
        rounds = [_round(plan, result, name, target, theirs, index) for index in range(plan.rounds)]
    result.figures += figures(name, [one for one in rounds if one])


def requests(bundle: Bundle) -> list[Request]:
    """Return a request for each test row, as our load test writes them: rows of whole numbers as such."""
    path = f"/predict?model={bundle.name}&version={bundle.version}&variant={VARIANT}"
    rows = bundle.test_set()[0]
    return [json_request(path, {"instances": [_shortest(row)]}) for row in plain(rows)]


def figures(name: str, peaks: Sequence[Peaks]) -> list[Figure]:
    """Return both peaks of what is served, and their ratio; nothing where no round has both."""
    if not peaks:
        return []
    ours, theirs = ([one[name] for one in peaks] for name in ("ours", "LoadGen"))
    ratios = tuple(one / other for one, other in zip(ours, theirs, strict=True))
    return [
        Figure(f"{name}: our peak, requests/s", tuple(ours)),
        Figure(f"{name}: LoadGen's peak, requests/s", tuple(theirs)),
        Figure(f"{name}: peak, ours / LoadGen's", ratios, within(1 - APART, 1 + APART)),
    ]


def _round(
    plan: Plan, result: Result, name: str, target: Target, theirs: LoadGen, index: int
) -> Peaks | None:
    """Let both find the peak, one after the other; None where one of them finds none."""
    found = {}
    for who in turn(["ours", "LoadGen"], index):
        at = f"{name}, round {index + 1} of {plan.rounds}: {who}"
        plan.say(at)
        try:
            if who == "ours":
                rate, trials = _ours(target, index, plan.logs / f"ours, {name}, {index}")
            else:
                rate, trials = _loadgen(theirs, index)
        except VoidRunError as error:
            result.void.append(f"{at}: {error}")
            return None
        found[who] = rate
        result.samples[at] = {"trials": trials}
    return found


def _ours(target: Target, index: int, out: Path) -> tuple[float, Trials]:
    """Raises VoidRunError where there is no peak, or the generator was its limit."""
    options = ("--find-peak", "--p99-ms", f"{BOUND_MS:g}", "--rate", f"{_START:g}", "--seed", str(index))
    found = result_of(target, (*options, "--blocks", "1", "--budget", f"{_BUDGET_S:g}"), out)["peak"]
    if found["requests_per_s"] is None:
        raise VoidRunError(f"no peak: {found['why']}")
    if found["limited_by"] != "service":
        raise VoidRunError(f"its peak of {found['requests_per_s']:.0f} requests/s is the generator's own")
    return found["requests_per_s"], found["trials"]


def _loadgen(theirs: LoadGen, index: int) -> tuple[float, Trials]:
    """Raises VoidRunError where there is no peak, or the client may have been its limit."""
    verdicts: list[Verdict] = []

    def holds(rate: float, seed: int) -> bool:
        verdicts.append(theirs.at_rate(rate, seed))
        return verdicts[-1].holds

    rate = peak(holds, _START, seed=1000 * index)
    if rate is None:
        raise VoidRunError("no peak: no rate held twice")
    return rate, [vars(one) for one in verdicts]


def _conditions(bundle: Bundle) -> list[str]:
    features = bundle.manifest.input.features
    return [
        f"by the clock: a server that takes {EACH_US:g} µs for each request, however busy the machine is",
        f"service: ours with {bundle.name}/{bundle.version} {VARIANT}, one row of {features} features, JSON",
        f"the peak: the highest rate of Poisson arrivals of which p99 is within {BOUND_MS:g} ms",
        "looked for alike: the median of three searches to within 5%, each confirmed with another seed",
        f"LoadGen: {PACKAGES[0]}, Server, PerformanceOnly, target_latency_percentile 0.99",
        f"min_duration {SECONDS:g} s, min_query_count {QUERIES}, as ours; not the 600 s of a submission",
        "valid for LoadGen: p99 of the run is within the bound, and early stopping is 99% sure of it",
        "valid for ours: early stopping alone, of fewer requests where those that were late came in bursts",
        "ours alone sends again what it was late with itself; an answer that is no success is late for both",
    ]


def _answer(bundle: Bundle) -> dict[str, Any]:
    """Return an answer that our load test takes for one of the service."""
    labels = bundle.manifest.labels
    return {
        "model": bundle.name,
        "version": bundle.version,
        "variant": VARIANT,
        "predictions": [labels[0]],
        "probabilities": [[1.0] + [0.0] * (len(labels) - 1)],
    }


def _shortest(row: list[float]) -> list[float] | list[int]:
    return [int(value) for value in row] if all(value.is_integer() for value in row) else row
