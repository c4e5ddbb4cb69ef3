"""Part 6: what the service does with more work than it can do, up to three times its peak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.errors import BenchmarkError
from benchmarks.load.open_loop import Arrivals, Target, at_rate
from benchmarks.load.request import json_request, plain
from benchmarks.measure.rounds import measure, paired
from benchmarks.plan import Plan
from benchmarks.report.figure import Figure
from benchmarks.report.result import Result
from benchmarks.subjects import server
from benchmarks.subjects.models import WIDE
from benchmarks.subjects.server import Server
from bundle.bundle import Bundle
from loadtests.rig.turns import turn

VARIANT = "float32"
SHARES = (1.0, 1.5, 2.0, 3.0)  # of the peak
CONNECTIONS = 32  # enough to keep the service busy, too few to be refused

Round = dict[float, Arrivals]
"""What became of each share of the peak in one round; a load that was void is not in it."""


def run(plan: Plan, result: Result) -> None:
    """Fill `result`. Raises BenchmarkError and BundleError."""
    profile(plan, result, plan.models.bundle(WIDE, plan.say), VARIANT)


def profile(plan: Plan, result: Result, bundle: Bundle, variant: str) -> None:
    """Measure the peak, and offer shares of it in rounds. A load that is void leaves the others standing."""
    result.conditions += [
        f"{bundle.name}/{bundle.version} {variant}, one row of {bundle.manifest.input.features} features",
        "JSON, an open loop of `python -m loadtests`; a latency runs from when its request was due",
        f"peak: what {CONNECTIONS} connections get in a closed loop; refused: answered 503",
        "goodput / most: answered as promised, over the most of any share in the same round",
    ]
    with server.service(
        plan.models.folder, bundle.name, [variant], log=plan.logs / "service.log", core=plan.cores.server
    ) as ours:
        target = Target(ours.host, plan.models.folder, bundle.name, variant)
        peak = _peak(plan, ours, bundle, variant)
        result.figures.append(peak)
        rounds = [_round(plan, result, ours, target, peak.median, index) for index in range(plan.rounds)]
    result.samples[variant] = {
        _times(share): [one[share] for one in rounds if share in one] for share in SHARES
    }
    result.figures += figures(rounds)


def _peak(plan: Plan, ours: Server, bundle: Bundle, variant: str) -> Figure:
    document = {"instances": plain(bundle.test_set()[0][:1])}
    request = json_request(f"/predict?model={bundle.name}&variant={variant}", document)
    subject = plan.client.on(ours.host, request, connections=CONNECTIONS)
    samples = measure({"the peak": subject}, rounds=plan.rounds, seconds=plan.seconds, say=plan.say)
    return Figure("peak, requests/s", paired(lambda one: one.per_s, samples, "the peak"))


def _round(plan: Plan, result: Result, ours: Server, target: Target, peak: float, index: int) -> Round:
    found: Round = {}
    for share in turn(SHARES, index):
        at = f"round {index + 1} of {plan.rounds}: {_times(share)}"
        plan.say(at)
        out = plan.logs / f"overload-{index}-{share:g}"
        try:
            arrivals = at_rate(target, share * peak, seconds=plan.seconds, seed=index, out=out)
        except BenchmarkError as error:
            result.void.append(f"{at}: {error}")
        else:
            found[share] = replace(arrivals, resident_bytes=ours.process.resident_bytes())
    return found


def figures(rounds: Sequence[Round]) -> list[Figure]:
    """Return what became of each share of the peak, from the rounds in which it was measured."""
    found = []
    for share in SHARES:
        measured = [
            (one[share], max(other.per_s for other in one.values())) for one in rounds if share in one
        ]
        columns: dict[str, list[float]] = {
            "goodput, requests/s": [one.per_s for one, _ in measured],
            "goodput / most": [one.per_s / most for one, most in measured],
            "p99 of what was answered, ms": [one.p99_us / 1e3 for one, _ in measured],
            "refused, share": [one.refused / one.offered for one, _ in measured],
            "failed, share": [one.failed / one.offered for one, _ in measured],
            "memory, MB": [one.resident_bytes / 2**20 for one, _ in measured if one.resident_bytes],
        }
        found += [
            Figure(f"{_times(share)}: {name}", tuple(those)) for name, those in columns.items() if those
        ]
    return found


def _times(share: float) -> str:
    return f"{share:g} x the peak"
