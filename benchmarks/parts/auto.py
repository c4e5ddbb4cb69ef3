"""Part 12: what a choice costs: of requests that leave the variant to the service."""

from __future__ import annotations

import httpx

from benchmarks.load.request import json_request, plain
from benchmarks.measure.rounds import Samples, measure, paired
from benchmarks.measure.sample import Subject
from benchmarks.plan import Plan
from benchmarks.report.figure import Figure, at_most
from benchmarks.report.result import Result
from benchmarks.subjects import server
from benchmarks.subjects.models import WIDE

PRELOAD = ("float32", "dynamic_int8", "int8")
CONNECTIONS = 32
BOUNDS = "max_latency_ms=1000"
COST = at_most(1.03)


def run(plan: Plan, result: Result) -> None:
    """Fill `result`. Raises BenchmarkError and BundleError."""
    bundle = plan.models.bundle(WIDE, plan.say)
    document = {"instances": plain(bundle.test_set()[0][:1])}
    with server.service(
        plan.models.folder, bundle.name, PRELOAD, log=plan.logs / "service.log", core=plan.cores.server
    ) as ours:
        chosen = (
            httpx.post(f"{ours.host}/select?{BOUNDS}", trust_env=False).raise_for_status().json()["variant"]
        )
        result.conditions += [
            f"{bundle.name}/{bundle.version}, one row of {bundle.manifest.input.features} features, JSON",
            f"auto: {BOUNDS}, of {', '.join(PRELOAD)}; pinned: variant={chosen}, which auto chooses",
            f"one service, {CONNECTIONS} connections, turns of {plan.seconds:g} s",
        ]
        queries = {"auto": f"variant=auto&{BOUNDS}", "pinned": f"variant={chosen}"}

        def subject(query: str) -> Subject:
            request = json_request(f"/predict?{query}", document)
            return plan.client.on(
                ours.host, request, connections=CONNECTIONS, processor_s=ours.process.processor_s
            )

        samples = measure(
            {name: subject(query) for name, query in queries.items()},
            rounds=plan.rounds,
            seconds=plan.seconds,
            say=plan.say,
        )
    result.samples[bundle.name] = samples
    result.figures += figures(samples)


def figures(samples: Samples) -> list[Figure]:
    """Return what a request costs with a choice over what it costs without."""
    spent = paired(lambda one, other: one.processor_us / other.processor_us, samples, "auto", "pinned")
    rates = paired(lambda one, other: one.per_s / other.per_s, samples, "auto", "pinned")
    return [
        Figure("processor time a request, auto / pinned", spent, COST),
        Figure("requests/s, auto / pinned", rates),
        *(
            Figure(f"{name}: us a request", paired(lambda one: one.processor_us, samples, name))
            for name in samples
        ),
    ]
