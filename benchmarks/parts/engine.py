"""Part 1: a request of one small row, against the bare ASGI application that does nothing with it."""

from __future__ import annotations

from benchmarks.load.request import json_request, plain
from benchmarks.measure.rounds import Samples, measure, paired
from benchmarks.measure.sample import Subject
from benchmarks.plan import Plan
from benchmarks.report.figure import Figure, at_least, at_most
from benchmarks.report.result import Result
from benchmarks.subjects import server
from benchmarks.subjects.models import SMALL
from benchmarks.subjects.server import Server

VARIANT = "int8"
CONNECTIONS = (1, 32)
PROCESSOR_OF_BARE = at_most(1.0)


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

        def subject(running: Server, connections: int) -> Subject:
            return plan.client.on(
                running.host, request, connections=connections, processor_s=running.process.processor_s
            )

        for connections in CONNECTIONS:
            samples = measure(
                {
                    "ours": subject(ours, connections),
                    "bare": subject(bare, connections),
                },
                rounds=plan.rounds,
                seconds=plan.seconds,
                say=plan.say,
            )
            result.samples[_at(connections)] = samples
            result.figures += figures(samples, connections, is_wrk=plan.client.is_wrk)


def figures(samples: Samples, connections: int, *, is_wrk: bool) -> list[Figure]:
    """Return the requests a second of each, and how many of theirs, and of their time, ours has."""
    # With one connection the time of a slower client is in each request, and would flatter ours.
    tells, at = connections > 1 or is_wrk, _at(connections)
    rates = paired(lambda one, other: one.per_s / other.per_s, samples, "ours", "bare")
    spent = paired(lambda one, other: one.processor_us / other.processor_us, samples, "ours", "bare")
    p50s = paired(lambda one, other: one.p50_us / other.p50_us, samples, "ours", "bare")
    return [
        *(
            Figure(f"{at}: {name}, requests/s", paired(lambda one: one.per_s, samples, name))
            for name in samples
        ),
        Figure(f"{at}: requests/s, ours / bare", rates, at_least(0.60) if tells else None),
        Figure(f"{at}: processor time, ours / bare", spent, PROCESSOR_OF_BARE if connections > 1 else None),
        Figure(f"{at}: p50, ours / bare", p50s, at_most(1.4) if tells and connections == 1 else None),
    ]


def _at(connections: int) -> str:
    return f"{connections} connection{'s' * (connections > 1)}"
