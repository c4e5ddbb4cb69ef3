"""Part 3: requests of 128 rows of 784 features, against the model called in a loop.

The bare application shows what any server could reach on one core: it only receives the same bodies, and
their time comes on top of the model's.
"""

from __future__ import annotations

from benchmarks.load.request import json_request, octets_request, plain
from benchmarks.measure.rounds import Samples, measure, paired
from benchmarks.measure.sample import Sample
from benchmarks.plan import Plan
from benchmarks.report.figure import Figure, at_least
from benchmarks.report.result import Result
from benchmarks.subjects import server
from benchmarks.subjects.interpreter import alone
from benchmarks.subjects.models import WIDE

VARIANTS = ("int8", "float32")
ROWS = 128
CONNECTIONS = 4
_ANSWER_BYTES = ROWS * 10 * 4  # ten float32 probabilities a row
AIMS = {"octet-stream": at_least(0.90), "JSON": at_least(0.65)}


def run(plan: Plan, result: Result) -> None:
    """Fill `result`. Raises BenchmarkError and BundleError."""
    bundle = plan.models.bundle(WIDE, plan.say)
    rows = bundle.test_set()[0][:ROWS]
    document = {"instances": plain(rows)}
    result.conditions += [
        f"{bundle.name}/{bundle.version}, {ROWS} rows of {bundle.manifest.input.features} features a request",
        f"{CONNECTIONS} connections; more would only wait longer",
        f"model: its runtime alone with {ROWS} rows, on one thread of a process on the server's core",
        "ceiling: the time of the model and that of bare ASGI with the same body, one after the other",
    ]
    with (
        server.service(
            plan.models.folder, bundle.name, VARIANTS, log=plan.logs / "service.log", core=plan.cores.server
        ) as ours,
        server.bare(_ANSWER_BYTES, log=plan.logs / "bare.log", core=plan.cores.server) as bare,
    ):
        for variant in VARIANTS:
            path = f"/predict?variant={variant}"
            requests = {"octet-stream": octets_request(path, rows), "JSON": json_request(path, document)}
            subjects = {}
            for name, request in requests.items():
                request.send(ours.host)
                subjects[name] = plan.client.on(ours.host, request, connections=CONNECTIONS)
                subjects[f"bare {name}"] = plan.client.on(bare.host, request, connections=CONNECTIONS)
            log = plan.logs / f"interpreter-{variant}.log"
            with alone(bundle, variant, rows=ROWS, log=log, core=plan.cores.server) as model:
                subjects["model"] = model
                samples = measure(subjects, rounds=plan.rounds, seconds=plan.seconds, say=plan.say)
            result.samples[variant] = samples
            result.figures += figures(variant, samples)


def figures(variant: str, samples: Samples) -> list[Figure]:
    """Return the rows a second of each, and ours against the model's with the ceiling of that."""

    def rows_per_s(one: Sample) -> float:
        return ROWS * one.per_s

    def ratio(ours: Sample, model: Sample) -> float:
        return ours.per_s / model.per_s

    def ceiling(bare: Sample, model: Sample) -> float:
        return model.each_us / (model.each_us + bare.each_us)

    found = [
        Figure(f"{variant}: {name}, rows/s", paired(rows_per_s, samples, name)) for name in (*AIMS, "model")
    ]
    for name, aim in AIMS.items():
        bound = paired(ceiling, samples, f"bare {name}", "model")
        found.append(Figure(f"{variant}: {name} / model, rows/s", paired(ratio, samples, name, "model"), aim))
        found.append(Figure(f"{variant}: {name} / model, ceiling", bound))
    return found
