"""Part 4: the same graph behind other servers, each alone with ours on the core, in turn."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from benchmarks.errors import BenchmarkError, ProcessError, VoidRunError
from benchmarks.load.request import json_request, plain
from benchmarks.measure.rounds import Samples, measure, paired
from benchmarks.peers.catalog import PEERS, Peer, Rows
from benchmarks.peers.environment import python_with
from benchmarks.plan import Plan
from benchmarks.report.figure import Figure, at_least
from benchmarks.report.result import Result
from benchmarks.subjects import server
from benchmarks.subjects.models import SMALL
from benchmarks.subjects.server import Server
from bundle.bundle import Bundle
from loadtests.rig.ports import free_port

VARIANT = "int8"
CONNECTIONS = 32
TIMES_TRITON = 2.2
TIMES_PYTHON = 8.0

_START_DEADLINE_S = 120.0


def run(plan: Plan, result: Result) -> None:
    """Fill `result`. A peer that cannot be run is named in it with the reason; other errors are raised."""
    bundle = plan.models.bundle(SMALL, plan.say)
    rows = bundle.test_set()[0][:1]
    request = json_request(f"/predict?variant={VARIANT}", {"instances": plain(rows)})
    result.conditions += [
        f"{bundle.name}/{bundle.version} {VARIANT}, one row of {bundle.manifest.input.features} features",
        f"JSON, {CONNECTIONS} connections; one worker each, and all that it starts, on one core",
        "each has answered a request before with the very probabilities that ours gives",
    ]
    with server.service(
        plan.models.folder, bundle.name, [VARIANT], log=plan.logs / "service.log", core=plan.cores.server
    ) as ours:
        expected: Rows = json.loads(request.send(ours.host))["probabilities"]
        for peer in PEERS:
            if peer.name not in plan.peers:
                continue
            try:
                with started(peer, bundle, plan) as theirs:
                    their_request = json_request(peer.path, peer.body(plain(rows)))
                    check(peer, their_request.send(theirs.host), expected)
                    subjects = {
                        "ours": plan.client.on(ours.host, request, connections=CONNECTIONS),
                        peer.name: plan.client.on(theirs.host, their_request, connections=CONNECTIONS),
                    }
                    result.samples[peer.name] = measure(
                        subjects, rounds=plan.rounds, seconds=plan.seconds, say=plan.say
                    )
            except VoidRunError as error:
                result.void.append(f"{peer.title}: {error}")
            except BenchmarkError as error:
                result.notes.append(f"{peer.title} could not be run: {error}")
            else:
                result.conditions.append(f"{peer.title}, {peer.packages[0]}: {peer.conditions}")
    result.figures += figures(result.samples)


def figures(samples: dict[str, Samples]) -> list[Figure]:
    """Return each peer's requests a second and how many times as many ours had, with the aims that bind."""
    measured = [peer for peer in PEERS if peer.name in samples]
    found = []
    ratios = {
        peer.name: paired(lambda one, other: one.per_s / other.per_s, samples[peer.name], "ours", peer.name)
        for peer in measured
    }
    best = min(
        (peer for peer in measured if peer.is_python),
        key=lambda peer: float(np.median(ratios[peer.name])),
        default=None,
    )
    for peer in measured:
        aim = at_least(TIMES_TRITON) if not peer.is_python else None
        title = peer.title
        if peer is best:
            aim, title = at_least(TIMES_PYTHON), f"{title} (the best Python peer)"
        own, name = samples[peer.name], peer.name
        found += [
            Figure(f"{peer.title}: ours, requests/s", paired(lambda one: one.per_s, own, "ours")),
            Figure(f"{peer.title}: theirs, requests/s", paired(lambda one: one.per_s, own, name)),
            Figure(f"{title}: ours / theirs", ratios[name], aim),
        ]
    return found


def started(peer: Peer, bundle: Bundle, plan: Plan) -> AbstractContextManager[Server]:
    plan.say(f"{peer.title}: its environment")
    python = python_with(peer.name, peer.packages)
    folder = plan.logs / peer.name
    folder.mkdir()
    path = folder / "description.json"
    path.write_text(json.dumps(description(bundle)), encoding="utf-8")
    port = free_port()
    plan.say(f"{peer.title}: starting")
    return server.started(
        [str(python), "-m", f"benchmarks.peers.{peer.name}", str(path), str(port)],
        port=port,
        ready_path=peer.ready_path,
        log=folder / "log",
        core=plan.cores.server,
        environment=dict(peer.environment),
        deadline_s=_START_DEADLINE_S,
    )


def description(bundle: Bundle) -> dict[str, Any]:
    manifest = bundle.manifest
    file = bundle.variant(VARIANT).files[0]
    return {
        "tflite": str(bundle.path(file).resolve()),
        "features": manifest.input.features,
        "offset": manifest.normalizer.offset,
        "scale": manifest.normalizer.scale,
        "labels": manifest.labels,
    }


def check(peer: Peer, answer: bytes, expected: Rows) -> None:
    """Raise ProcessError unless a peer's answer holds the expected probabilities, shape (rows, classes)."""
    try:
        given = np.array(peer.probabilities(json.loads(answer)), np.float32)
    except (ValueError, TypeError, LookupError, StopIteration) as error:
        raise ProcessError(f"it answers {answer[:300]!r}, which holds no probabilities: {error!r}") from error
    if not np.array_equal(given, np.array(expected, np.float32)):
        raise ProcessError(f"it answers {given.tolist()}; ours is {expected}")
