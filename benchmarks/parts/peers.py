"""Part 4: the same graph behind other servers, each alone with ours, or all and bare ASGI in one run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.errors import BenchmarkError, ProcessError, VoidRunError
from benchmarks.load.request import Request, json_request, plain, sent_at_once
from benchmarks.measure.rounds import Samples, measure, paired
from benchmarks.measure.sample import Subject
from benchmarks.parts.engine import PROCESSOR_OF_BARE
from benchmarks.peers.catalog import PEERS, Peer, Rows
from benchmarks.peers.environment import python_with
from benchmarks.plan import Plan
from benchmarks.report.figure import Figure, at_least, at_most
from benchmarks.report.result import Result
from benchmarks.subjects import server
from benchmarks.subjects.models import SMALL
from benchmarks.subjects.server import Server
from bundle.bundle import Bundle
from bundle.normalizer import FloatArray
from loadtests.rig.ports import free_port

VARIANT = "int8"
CONNECTIONS = 32
OURS = "ours"
BARE = "bare"
TIMES_PYTHON = 8.0
TIMES = {"triton": at_least(2.2)}
PROCESSOR = {BARE: PROCESSOR_OF_BARE, "mosec": at_most(0.9)}

_START_DEADLINE_S = 120.0
_TITLES = {BARE: "bare ASGI"} | {peer.name: peer.title for peer in PEERS}
_PYTHON = {peer.name for peer in PEERS if peer.is_python}


@dataclass(frozen=True)
class Field:
    """What is the same for everybody: the graph, its rows, shape (CONNECTIONS, features), and our answers."""

    plan: Plan
    bundle: Bundle
    rows: FloatArray
    expected: Sequence[Rows]

    def subject(self, running: Server, request: Request) -> Subject:
        """Return what measures a server, with the processor time of all its processes."""
        return self.plan.client.on(
            running.host, request, connections=CONNECTIONS, processor_s=running.process.processor_s
        )

    def requests(self, peer: Peer) -> list[Request]:
        """Return a request for each row, as the peer wants to be asked."""
        return [json_request(peer.path, peer.body(plain(row[np.newaxis]))) for row in self.rows]


def run(plan: Plan, result: Result) -> None:
    """Fill `result`. A peer that cannot be run is named in it with the reason; other errors are raised."""
    bundle = plan.models.bundle(SMALL, plan.say)
    rows = bundle.test_set()[0][:CONNECTIONS]
    path = f"/predict?variant={VARIANT}"
    requests = [json_request(path, {"instances": plain(row[np.newaxis])}) for row in rows]
    result.conditions += [
        f"{bundle.name}/{bundle.version} {VARIANT}, one row of {bundle.manifest.input.features} features",
        f"JSON, {CONNECTIONS} connections; one worker each, and all that it starts, on one core",
        f"each has answered {CONNECTIONS} rows at once before with the very probabilities that ours gives",
        "processor time: of a server and all that it has started, over the requests that it answered",
        "ratios are ours / theirs: of requests a second more is better, of processor time less",
    ]
    with server.service(
        plan.models.folder, bundle.name, [VARIANT], log=plan.logs / "service.log", core=plan.cores.server
    ) as ours:
        answers = sent_at_once(requests, ours.host)
        field = Field(plan, bundle, rows, [json.loads(answer)["probabilities"] for answer in answers])
        own = {OURS: field.subject(ours, requests[0])}
        chosen = [peer for peer in PEERS if peer.name in plan.peers]
        if plan.together:
            with server.bare(len(answers[0]), log=plan.logs / "bare.log", core=plan.cores.server) as bare:
                own[BARE] = field.subject(bare, requests[0])
                _compete(own, chosen, field, result)
        else:
            for peer in chosen:
                _compete(own, [peer], field, result)
    result.figures += figures(result.samples)


def figures(contests: Mapping[str, Samples]) -> list[Figure]:
    """Return requests a second and processor time of each, and ours over theirs, with the aims that bind."""
    rates = {
        name: paired(lambda one, other: one.per_s / other.per_s, samples, OURS, name)
        for samples in contests.values()
        for name in samples
        if name != OURS
    }
    best = min(_PYTHON & set(rates), key=lambda name: float(np.median(rates[name])), default=None)
    found = []
    for name, samples in contests.items():
        found += list(_each(OURS if BARE in samples else f"{OURS}, beside {name}", samples, OURS))
        for rival in samples:
            if rival == OURS:
                continue
            title, aim = _TITLES[rival], TIMES.get(rival)
            found += list(_each(title, samples, rival))
            spent = paired(lambda one, other: one.processor_us / other.processor_us, samples, OURS, rival)
            if rival == best:
                title, aim = f"{title} (the best Python peer)", at_least(TIMES_PYTHON)
            found += [
                Figure(f"{title}: requests/s, ours / theirs", rates[rival], aim),
                Figure(f"{_TITLES[rival]}: processor time, ours / theirs", spent, PROCESSOR.get(rival)),
            ]
    return found


def _each(title: str, samples: Samples, name: str) -> Iterator[Figure]:
    yield Figure(f"{title}: requests/s", paired(lambda one: one.per_s, samples, name))
    yield Figure(
        f"{title}: processor time a request, µs", paired(lambda one: one.processor_us, samples, name)
    )


def _compete(own: Mapping[str, Subject], peers: Sequence[Peer], field: Field, result: Result) -> None:
    """Start these peers, and measure those that could be started in turn with our own subjects."""
    plan = field.plan
    with ExitStack() as stack:
        subjects = dict(own)
        titles = []
        for peer in peers:
            try:
                theirs = stack.enter_context(running(peer, field))
            except BenchmarkError as error:
                result.notes.append(f"{peer.title} could not be run: {error}")
                continue
            subjects[peer.name] = field.subject(theirs, field.requests(peer)[0])
            titles.append(peer.title)
            result.conditions.append(f"{peer.title}, {peer.packages[0]}: {peer.conditions}; {peer.batches}")
        if len(subjects) == 1:
            return
        name = ", ".join(titles) or _TITLES[BARE]
        try:
            result.samples[name] = measure(subjects, rounds=plan.rounds, seconds=plan.seconds, say=plan.say)
        except VoidRunError as error:
            result.void.append(f"{name}: {error}")
        except BenchmarkError as error:
            result.notes.append(f"{name} could not be measured: {error}")


@contextmanager
def running(peer: Peer, field: Field) -> Iterator[Server]:
    """Start a peer, which has answered as ours does when it is given. Raises BenchmarkError."""
    with started(peer, field.bundle, field.plan) as theirs:
        check(peer, sent_at_once(field.requests(peer), theirs.host), field.expected)
        yield theirs


def started(peer: Peer, bundle: Bundle, plan: Plan) -> AbstractContextManager[Server]:
    """Start a peer in its environment. Raises BenchmarkError."""
    plan.say(f"{peer.title}: its environment")
    python = python_with(peer.program, peer.pins())
    folder = plan.logs / peer.name
    folder.mkdir()
    path = folder / "description.json"
    path.write_text(json.dumps(description(bundle)), encoding="utf-8")
    port = free_port()
    plan.say(f"{peer.title}: starting")
    return server.started(
        [str(python), "-m", f"benchmarks.peers.{peer.program}", str(path), str(port)],
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


def check(peer: Peer, answers: Sequence[bytes], expected: Sequence[Rows]) -> None:
    """Raise ProcessError unless each answer holds the expected probabilities, shape (rows, classes)."""
    for answer, rows in zip(answers, expected, strict=True):
        try:
            given = np.array(peer.probabilities(json.loads(answer)), np.float32)
        except (ValueError, TypeError, LookupError, StopIteration) as error:
            raise ProcessError(
                f"it answers {answer[:300]!r}, which holds no probabilities: {error!r}"
            ) from error
        if not np.array_equal(given, np.array(rows, np.float32)):
            raise ProcessError(f"it answers {given.tolist()}; ours is {rows}")
