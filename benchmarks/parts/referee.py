"""Part 10: the peak that our load test finds, against the one that MLCommons' LoadGen finds."""

from __future__ import annotations

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
from bundle.bundle import Bundle
from loadtests.rig.turns import turn

VARIANT = "float32"
BOUND_MS = 50.0  # of p99: so many times what a request takes that no stall of the machine decides
APART = 0.05  # of the peaks, at the most
# A rate is tried as long as ours tries it: until a proof with three late is made, with a tenth to spare.
SECONDS, QUERIES = 2.0, 1101

_START = 500.0  # requests a second with which both begin
_BUDGET_S = 1.0  # of what our load test measures once it has the peak

Trials = list[dict[str, Any]]


def run(plan: Plan, result: Result) -> None:
    """Fill `result`. A void round leaves the others standing. Raises BenchmarkError and BundleError."""
    bundle = plan.models.bundle(HEAVY, plan.say)
    plan.say("LoadGen: its environment")
    with (
        server.service(
            plan.models.folder, bundle.name, [VARIANT], log=plan.logs / "service.log", core=plan.cores.server
        ) as ours,
        loadgen(
            ours.host,
            [one.encoded(ours.host) for one in requests(bundle)],
            folder=plan.logs / "loadgen",
            core=plan.cores.load,
            seconds=SECONDS,
            queries=QUERIES,
            late_ms=BOUND_MS,
        ) as theirs,
    ):
        result.conditions += _conditions(bundle)
        target = Target(ours.host, plan.models.folder, bundle.name, VARIANT)
        peaks = [
            found for index in range(plan.rounds) if (found := _round(plan, result, target, theirs, index))
        ]
    result.figures += figures(peaks)


def requests(bundle: Bundle) -> list[Request]:
    """Return a request for each test row, as our load test writes them: rows of whole numbers as such."""
    path = f"/predict?model={bundle.name}&version={bundle.version}&variant={VARIANT}"
    rows = bundle.test_set()[0]
    return [json_request(path, {"instances": [_shortest(row)]}) for row in plain(rows)]


def figures(peaks: list[dict[str, float]]) -> list[Figure]:
    """Return both peaks, their ratio, and nothing where there is none of them."""
    if not peaks:
        return []
    ours, theirs = ([one[name] for one in peaks] for name in ("ours", "LoadGen"))
    ratios = tuple(one / other for one, other in zip(ours, theirs, strict=True))
    return [
        Figure("our peak, requests/s", tuple(ours)),
        Figure("LoadGen's peak, requests/s", tuple(theirs)),
        Figure("ours / LoadGen's", ratios, within(1 - APART, 1 + APART)),
    ]


def _round(
    plan: Plan, result: Result, target: Target, theirs: LoadGen, index: int
) -> dict[str, float] | None:
    """Let both find the peak, one after the other; None where one of them finds none."""
    found = {}
    for name in turn(["ours", "LoadGen"], index):
        at = f"round {index + 1} of {plan.rounds}: {name}"
        plan.say(at)
        try:
            rate, trials = _ours(plan, target, index) if name == "ours" else _loadgen(theirs, index)
        except VoidRunError as error:
            result.void.append(f"{at}: {error}")
            return None
        found[name] = rate
        result.samples[f"round {index + 1}, {name}"] = {"trials": trials}
    return found


def _ours(plan: Plan, target: Target, index: int) -> tuple[float, Trials]:
    """Raises VoidRunError where there is no peak, or the generator was its limit."""
    options = ("--find-peak", "--p99-ms", f"{BOUND_MS:g}", "--rate", f"{_START:g}", "--seed", str(index))
    budget = ("--blocks", "1", "--budget", f"{_BUDGET_S:g}")
    found = result_of(target, options + budget, plan.logs / f"referee-{index}")["peak"]
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
        f"{bundle.name}/{bundle.version} {VARIANT}, one row of {features} features, JSON, to one service",
        f"the peak: the highest rate of Poisson arrivals of which p99 is within {BOUND_MS:g} ms",
        "looked for alike: the median of three searches to within 5%, each confirmed with another seed",
        f"LoadGen: {PACKAGES[0]}, Server, PerformanceOnly, target_latency_percentile 0.99",
        f"min_duration {SECONDS:g} s, min_query_count {QUERIES}, as ours; not the 600 s of a submission",
        "valid for LoadGen: p99 of the run is within the bound, and early stopping is 99% sure of it",
        "valid for ours: early stopping alone, of fewer requests where those that were late came in bursts",
        "ours alone sends again what it was late with itself; an answer that is no success is late for both",
    ]


def _shortest(row: list[float]) -> list[float] | list[int]:
    return [int(value) for value in row] if all(value.is_integer() for value in row) else row
