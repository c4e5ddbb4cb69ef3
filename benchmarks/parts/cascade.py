"""Part 13: a cascade, against its two variants, and against the best that is no worse than the reference.

Rows differ in whether they go on, so that many test rows are sent in turn. All variants that test rows show
to be no worse at the cascade's margin are measured: the best is whichever takes least processor time a row.
"""

from __future__ import annotations

from statistics import median

from benchmarks.errors import BenchmarkError
from benchmarks.load.request import octets_request
from benchmarks.measure.rounds import Samples, measure, paired
from benchmarks.measure.sample import Sample
from benchmarks.plan import Plan
from benchmarks.report.figure import Figure, at_least
from benchmarks.report.result import Result
from benchmarks.subjects import server
from benchmarks.subjects.models import WIDTHS
from bundle.bundle import Bundle
from bundle.manifest import CASCADE
from evidence.paired import Pairs, judge_all

CONNECTIONS = {1: 32, 32: 4, 256: 2}
"""By the rows of a request; more would only wait longer."""
AIM = at_least(1.4)
_ROWS = 2048  # that are sent in turn


def run(plan: Plan, result: Result) -> None:
    """Fill `result`. Raises BenchmarkError and BundleError."""
    compare(plan, result, plan.models.bundle(WIDTHS, plan.say))


def compare(plan: Plan, result: Result, bundle: Bundle) -> None:
    """Fill `result` with the cascade of a bundle. Raises BenchmarkError and BundleError."""
    spec, sent = bundle.manifest.cascade, bundle.test_set()[0][:_ROWS]
    if spec is None:
        raise BenchmarkError(f"{bundle.name}/{bundle.version} has no cascade")
    alone = no_worse(bundle, spec.margin)
    variants = sorted({spec.first, spec.second, *alone})
    result.conditions += [
        f"{bundle.name}/{bundle.version}: {spec.first}, and for {spec.escalated:.1%} of rows {spec.second}",
        f"no worse by themselves, at {spec.margin:g}: {', '.join(alone)}",
        f"{len(sent)} test rows in turn, as raw numbers; "
        + ", ".join(f"{count} a request on {of} connections" for count, of in CONNECTIONS.items()),
    ]
    log = plan.logs / "service.log"
    with server.service(plan.models.folder, bundle.name, variants, log=log, core=plan.cores.server) as ours:
        for count, connections in CONNECTIONS.items():
            cuts = [sent[start : start + count] for start in range(0, len(sent) - count + 1, count)]
            subjects = {}
            for name in (CASCADE, *variants):
                request = octets_request(f"/predict?variant={name}", *cuts)
                request.send(ours.host)
                subjects[name] = plan.client.on(
                    ours.host, request, connections=connections, processor_s=ours.process.processor_s
                )
            samples = measure(subjects, rounds=plan.rounds, seconds=plan.seconds, say=plan.say)
            result.samples[f"{count} rows"] = samples
            result.figures += figures(samples, count, alone)


def no_worse(bundle: Bundle, margin: float) -> list[str]:
    """Return the variants that the test rows show to be no worse than the reference, which is one of them.

    Raises BenchmarkError where the bundle has no predictions, and BundleError.
    """
    kept = bundle.predictions()
    if kept is None:
        raise BenchmarkError(f"{bundle.name}/{bundle.version} has no predictions of the test rows")
    right = {one.name: kept.right_on_test(one.name) for one in bundle.manifest.variants}
    reference = right.pop(bundle.manifest.reference)
    verdicts = judge_all({name: Pairs.of(one, reference) for name, one in right.items()}, margin)
    good = [name for name, verdict in verdicts.items() if verdict.judgement == "no worse"]
    return [bundle.manifest.reference, *good]


def figures(samples: Samples, count: int, alone: list[str]) -> list[Figure]:
    """Return the rows that each answers in a second of processor time, and the cascade's over the others'."""

    def rows_per_processor_s(one: Sample) -> float:
        return count * 1e6 / one.processor_us

    at = f"{count} row{'s' * (count > 1)}"
    each = {name: paired(rows_per_processor_s, samples, name) for name in samples}
    best = max(alone, key=lambda name: median(each[name]))
    found = [Figure(f"{at}: {name}, rows/processor-s", values) for name, values in each.items()]
    for name in samples:
        if name != CASCADE:
            spent = paired(lambda one, other: other.processor_us / one.processor_us, samples, CASCADE, name)
            aim = AIM if name == best else None
            said = f"{name}{' (best)' * (name == best)}"
            found.append(Figure(f"{at}: cascade / {said}, rows/processor-s", spent, aim))
    rates = paired(lambda one, other: one.per_s / other.per_s, samples, CASCADE, best)
    return [*found, Figure(f"{at}: cascade / {best} (best), requests/s", rates)]
