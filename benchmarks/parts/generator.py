"""Part 7: how fast the load generator is, against Locust's FastHttpUser and wrk, sending to one server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.errors import ProcessError
from benchmarks.load.request import json_request, plain
from benchmarks.measure.rounds import Samples, measure, paired
from benchmarks.measure.sample import Sample, Subject
from benchmarks.plan import Plan
from benchmarks.report.figure import Figure, at_least
from benchmarks.report.result import Result
from benchmarks.subjects import server
from benchmarks.subjects.models import SMALL
from bundle.bundle import Bundle
from loadtests.rig.child import Child, program

USERS = 32
TIMES = 2.0  # the requests a second of FastHttpUser
OF_WRK = 0.7  # of its requests a second
SENDERS = {"ours": "benchmarks.subjects.generator", "FastHttpUser": "benchmarks.subjects.fast_http"}

_ANSWER_BYTES = 200


def run(plan: Plan, result: Result) -> None:
    """Fill `result`. Raises BenchmarkError and BundleError."""
    bundle = plan.models.bundle(SMALL, plan.say)
    result.conditions += [
        f"one row of {bundle.name}/{bundle.version} a request, {USERS} connections, each in a closed loop",
        f"to the bare ASGI application, which answers {_ANSWER_BYTES} bytes",
        "a sender that used less than all of its core was held up by that application",
    ]
    with server.bare(_ANSWER_BYTES, log=plan.logs / "bare-generator.log", core=plan.cores.server) as bare:
        order = order_for(bare.host, plan.models.folder, bundle)
        with sender("ours", order, plan) as ours, sender("FastHttpUser", order, plan) as theirs:
            subjects = {"ours": ours, "FastHttpUser": theirs}
            if plan.client.is_wrk:
                request = json_request("/predict", {"instances": plain(bundle.test_set()[0][:1])})
                subjects["wrk"] = plan.client.on(bare.host, request, connections=USERS)
            else:
                result.notes.append("wrk is not installed")
            samples = measure(subjects, rounds=plan.rounds, seconds=plan.seconds, say=plan.say)
    result.samples["senders"] = samples
    result.figures += figures(samples)


def order_for(host: str, models: Path, bundle: Bundle) -> dict[str, Any]:
    """Return what a sender is ordered, all but for how long."""
    return {
        "host": host,
        "models": str(models.resolve()),
        "model": bundle.name,
        "version": bundle.version,
        "variant": "",
        "rows": 1,
        "scenario": "users",
        "users": USERS,
        "think_s": 0.0,
        "warmup_s": 1.0,
        "rate": 0.0,
        "seed": 0,
    }


@contextmanager
def sender(name: str, order: Mapping[str, Any], plan: Plan) -> Iterator[Subject]:
    """Start the program of a sender on the load's core. What is yielded raises ProcessError where it ends."""
    log = plan.logs / f"sender-{name}.log"
    with Child(program(SENDERS[name]), log=log, core=plan.cores.load, talks=True) as child:

        def subject(seconds: float) -> Sample:
            line = child.ask(json.dumps({**order, "duration_s": float(seconds)}))
            if not line:
                raise ProcessError(f"{name} ended:\n{child.tail()}")
            return Sample(**json.loads(line))

        yield subject


def figures(samples: Samples) -> list[Figure]:
    """Return the requests a second of each, the ratios of ours, and what a request costs each that tells."""
    found = [Figure(f"{name}, requests/s", paired(lambda one: one.per_s, samples, name)) for name in samples]
    for other, aim in (("FastHttpUser", TIMES), ("wrk", OF_WRK)):
        if other in samples:
            ratios = paired(lambda one, other: one.per_s / other.per_s, samples, "ours", other)
            found.append(Figure(f"requests/s, ours / {other}", ratios, at_least(aim)))
    for name in SENDERS:
        known = [one for one in samples[name] if one.load_cpu is not None]
        columns: dict[str, list[float]] = {
            "share of its core": [one.load_cpu for one in known if one.load_cpu is not None],
            "processor time a request, µs": [1e6 * (one.load_cpu or 0.0) / one.per_s for one in known],
        }
        found += [Figure(f"{name}: {column}", tuple(those)) for column, those in columns.items() if those]
    return found
