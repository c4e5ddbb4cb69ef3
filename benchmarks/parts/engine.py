"""Part 1: a request of one small row, against the bare ASGI application that does nothing with it."""

from __future__ import annotations

from benchmarks.load.request import json_request, plain
from benchmarks.measure.rounds import measure, paired
from benchmarks.plan import Plan
from benchmarks.report.figure import Figure, at_least, at_most
from benchmarks.report.result import Result
from benchmarks.subjects import server
from benchmarks.subjects.models import SMALL

VARIANT = "int8"
CONNECTIONS = (1, 32)


def run(plan: Plan, result: Result) -> None:
    """Fill `result`. Raises BenchmarkError and BundleError."""
    bundle = plan.models.bundle(SMALL, plan.say)
    request = json_request(f"/predict?variant={VARIANT}", {"instances": plain(bundle.test_set()[0][:1])})
    result.conditions += [
        f"{bundle.name}/{bundle.version} {VARIANT}, one row of {bundle.manifest.input.features} features",
        f"JSON, {len(request.body)} bytes; one worker, every part of the service on",
        "bare: reads the body and answers as many bytes, under uvicorn with uvloop and httptools as well",
    ]
    with (
        server.service(
            plan.models.folder, bundle.name, [VARIANT], log=plan.logs / "service.log", core=plan.cores.server
        ) as ours,
        server.bare(len(request.send(ours.host)), log=plan.logs / "bare.log", core=plan.cores.server) as bare,
    ):
        for connections in CONNECTIONS:
            samples = measure(
                {
                    "ours": plan.client.on(ours.host, request, connections=connections),
                    "bare": plan.client.on(bare.host, request, connections=connections),
                },
                rounds=plan.rounds,
                seconds=plan.seconds,
                say=plan.say,
            )
            # With one connection the time of a slower client is in each request, and would flatter ours.
            tells = connections > 1 or plan.client.is_wrk
            at = f"{connections} connection{'s' * (connections > 1)}"
            result.samples[at] = samples
            for name in samples:
                result.figures.append(
                    Figure(f"{at}: {name}, requests/s", paired(lambda one: one.per_s, samples, name))
                )
            result.figures.append(
                Figure(
                    f"{at}: requests/s, ours / bare",
                    paired(lambda one, other: one.per_s / other.per_s, samples, "ours", "bare"),
                    at_least(0.60) if tells else None,
                )
            )
            result.figures.append(
                Figure(
                    f"{at}: p50, ours / bare",
                    paired(lambda one, other: one.p50_us / other.p50_us, samples, "ours", "bare"),
                    at_most(1.4) if tells and connections == 1 else None,
                )
            )
