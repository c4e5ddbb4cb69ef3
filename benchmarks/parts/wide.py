"""Part 2: what a request of 784 features costs beyond bare ASGI and the model's own time."""

from __future__ import annotations

from benchmarks.load.request import Request, json_request, plain
from benchmarks.measure.rounds import Samples, measure, paired
from benchmarks.measure.sample import Sample
from benchmarks.plan import Plan
from benchmarks.report.figure import Figure, at_most
from benchmarks.report.result import Result
from benchmarks.subjects import server
from benchmarks.subjects.interpreter import alone
from benchmarks.subjects.models import WIDE
from benchmarks.subjects.server import Server
from bundle.bundle import Bundle

VARIANTS = ("int8", "float32")
OVERHEAD_US = 35.0


def run(plan: Plan, result: Result) -> None:
    """Fill `result`. Raises BenchmarkError and BundleError."""
    bundle = plan.models.bundle(WIDE, plan.say)
    document = {"instances": plain(bundle.test_set()[0][:1])}
    requests = {name: json_request(f"/predict?variant={name}", document) for name in VARIANTS}
    first = requests[VARIANTS[0]]
    result.conditions += [
        f"{bundle.name}/{bundle.version}, one row of {bundle.manifest.input.features} features",
        f"JSON, {len(first.body)} bytes; the bare application reads the same body",
        "model: its runtime alone with one row, in a process of its own on the server's core",
        "saturated: 1 / throughput with 32 connections (of the model: the mean); one connection: the p50",
        "overhead: ours, less bare, less model",
    ]
    with (
        server.service(
            plan.models.folder, bundle.name, VARIANTS, log=plan.logs / "service.log", core=plan.cores.server
        ) as ours,
        server.bare(len(first.send(ours.host)), log=plan.logs / "bare.log", core=plan.cores.server) as bare,
    ):
        for variant in VARIANTS:
            _compare(plan, result, bundle, variant, requests[variant], ours, bare)


def _compare(
    plan: Plan, result: Result, bundle: Bundle, variant: str, request: Request, ours: Server, bare: Server
) -> None:
    log = plan.logs / f"interpreter-{variant}.log"
    with alone(bundle, variant, rows=1, log=log, core=plan.cores.server) as model:
        for connections in (32, 1):
            samples = measure(
                {
                    "ours": plan.client.on(ours.host, request, connections=connections),
                    "bare": plan.client.on(bare.host, request, connections=connections),
                    "model": model,
                },
                rounds=plan.rounds,
                seconds=plan.seconds,
                say=plan.say,
            )
            at = f"{variant}, " + ("saturated" if connections > 1 else "one connection")
            result.samples[at] = samples
            result.figures += figures(at, samples, saturated=connections > 1)


def figures(at: str, samples: Samples, *, saturated: bool) -> list[Figure]:
    """Return the time of each, and what is left of ours when the others are taken off."""

    def took_us(sample: Sample) -> float:
        return sample.each_us if saturated else sample.p50_us

    def overhead_us(ours: Sample, bare: Sample, model: Sample) -> float:
        return took_us(ours) - took_us(bare) - took_us(model)

    everyone = ("ours", "bare", "model")
    parts = [Figure(f"{at}: {name}, µs", paired(took_us, samples, name)) for name in everyone]
    return [
        *parts,
        Figure(f"{at}: overhead, µs", paired(overhead_us, samples, *everyone), at_most(OVERHEAD_US)),
        Figure(
            f"{at}: overhead / whole",
            paired(lambda *row: overhead_us(*row) / took_us(row[0]), samples, *everyone),
        ),
    ]
