"""Part 11: what a shadow costs who asks: p99 with it over p99 without, in turns close together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

import httpx

from benchmarks.errors import BenchmarkError
from benchmarks.load.open_loop import Arrivals, Target, at_rate
from benchmarks.plan import Plan
from benchmarks.report.figure import Figure, at_most
from benchmarks.report.result import Result
from benchmarks.subjects import server
from benchmarks.subjects.models import WIDE
from loadtests.rig.turns import turn

VARIANT, SHADOW = "float32", "int8"
SHARES = (0.0, 0.05, 1.0)  # of the requests
RATE = 400.0  # requests a second: the service is idle most of the time, and a shadow gets its turn
LATER_MAX = 1.05

_COMPARED = re.compile(r'^shadow_requests_total\{.*outcome="compared".*\} (\S+)$', re.MULTILINE)

Round = Mapping[float, Arrivals]
"""What became of the requests with each share; a load that was void is not in it."""


def run(plan: Plan, result: Result) -> None:
    """Fill `result`. Raises BenchmarkError and BundleError."""
    bundle = plan.models.bundle(WIDE, plan.say)
    result.conditions += [
        f"{bundle.name}/{bundle.version} {VARIANT}, one row of {bundle.manifest.input.features} features",
        f"an open loop of `python -m loadtests` at {RATE:g} requests/s, to each service in turn",
        f"share: of the requests that {SHADOW} answers as well, in the shadow",
        "p99 and p50 are over those of the service without, in the same round",
    ]
    with ExitStack() as stack:
        hosts = {}
        for share in SHARES:
            options = ("--shadow", f"{SHADOW}={share:g}") if share else ()
            hosts[share] = stack.enter_context(
                server.service(
                    plan.models.folder,
                    bundle.name,
                    (VARIANT, SHADOW),
                    log=plan.logs / f"service-{share:g}.log",
                    core=plan.cores.server,
                    options=options,
                )
            ).host
        rounds = []
        for index in range(plan.rounds):
            found: dict[float, Arrivals] = {}
            for share in turn(SHARES, index):
                at = f"round {index + 1} of {plan.rounds}: {_named(share)}"
                plan.say(at)
                target = Target(hosts[share], plan.models.folder, bundle.name, VARIANT)
                out = plan.logs / f"shadow-{index}-{share:g}"
                try:
                    found[share] = at_rate(target, RATE, seconds=plan.seconds, seed=index, out=out)
                except BenchmarkError as error:
                    result.void.append(f"{at}: {error}")
            rounds.append(found)
        result.samples[VARIANT] = {
            _named(share): [one[share] for one in rounds if share in one] for share in SHARES
        }
        result.figures += figures(rounds, {share: compared(hosts[share]) for share in SHARES if share})


def compared(host: str) -> float:
    """Return how many requests a service has compared so far."""
    text = httpx.get(f"{host}/metrics", trust_env=False).text
    return sum(float(count) for count in _COMPARED.findall(text))


def figures(rounds: Sequence[Round], counts: Mapping[float, float]) -> list[Figure]:
    """Return what each share does to latency, and how many requests of all rounds were compared."""
    found = []
    for share, count in counts.items():
        pairs = [(one[share], one[0.0]) for one in rounds if {share, 0.0} <= one.keys()]
        if pairs:
            found += [
                Figure(
                    f"{_named(share)}: p99 / without",
                    tuple(ours.p99_us / plain.p99_us for ours, plain in pairs),
                    at_most(LATER_MAX),
                ),
                Figure(
                    f"{_named(share)}: p50 / without",
                    tuple(ours.p50_us / plain.p50_us for ours, plain in pairs),
                ),
            ]
        found.append(Figure(f"{_named(share)}: requests compared", (count,)))
    return found


def _named(share: float) -> str:
    return f"share {share:g}"
