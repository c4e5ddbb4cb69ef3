"""The run: starts a service for each variant, all running, and measures them in interleaved rounds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from bundle.errors import BundleError
from bundle.runtimes import is_available
from loadtests.errors import LoadTestError
from loadtests.experiment import forecast
from loadtests.experiment.checks import STEADY_WINDOWS, of_steadiness
from loadtests.experiment.measured import Outcomes, ScoredLoad, Skipped, rows_in_words
from loadtests.experiment.peaks import look_for_peaks
from loadtests.experiment.plan import Plan
from loadtests.experiment.record import Record, load_of
from loadtests.experiment.rounds import rounds_of
from loadtests.experiment.session import Progress, Session, Subject
from loadtests.generator.process import Generator
from loadtests.measure.summary import Window
from loadtests.rig import interruption
from loadtests.rig.cores import bound_to
from loadtests.rig.occupation import SCRATCH
from loadtests.rig.turns import turn
from loadtests.system import audits
from loadtests.system.client import ServiceClient
from loadtests.system.offline_predictions import predict
from loadtests.system.probe import probe
from loadtests.system.server_process import Server, launched
from loadtests.workload.payloads import Instances, Payloads, build, held_out
from loadtests.workload.scenarios import CLOSED
from loadtests.workload.target import target_of

_MORE_ROUNDS = 2  # than were asked for, where the machine is not steady


def run(plan: Plan, progress: Progress) -> Outcomes:
    """Measure, and return what each variant came to at each number of rows.

    A variant that cannot be loaded is skipped with the reason, and the rest goes on. Where the run is
    interrupted, the rounds that were finished are what it came to. Raises ServiceError where nobody answers
    at the host that was named, and KeyboardInterrupt where the run is interrupted before the first round is
    over, or once more.
    """
    if plan.host:
        with ServiceClient(plan.host) as client:
            client.reach()
    outcomes = Outcomes()
    with ExitStack() as stack:
        records: list[Record] = []
        try:
            for outcome in _outcomes(plan, progress, stack, records):
                outcomes.take(outcome)
        except KeyboardInterrupt:
            interruption.heard()
            progress.begin("interrupted", "taking stock of the rounds that were finished")
            _take_stock(plan, records, outcomes)
            if not outcomes.measured:
                raise
    return outcomes


def _outcomes(
    plan: Plan, progress: Progress, stack: ExitStack, records: list[Record]
) -> Iterator[ScoredLoad | Skipped]:
    """Measure; `records` are those of the rows a request that are under way."""
    x, y = held_out(plan.bundle)
    subjects: list[Subject] = []
    yield from _start(plan, progress, stack, subjects)
    if not subjects:
        return
    generator = stack.enter_context(Generator(log=plan.out / "generator.log", core=plan.cores.load))
    scratch = stack.enter_context(TemporaryDirectory(prefix=SCRATCH, dir=plan.out))
    session = Session(plan, progress, generator, subjects, Path(scratch))
    yield from _announce(session, build(x, y, plan.rows[0]))
    for rows in plan.rows:
        records.clear()
        yield from _measure(session, build(x, y, rows), x, records)


def _take_stock(plan: Plan, records: Sequence[Record], outcomes: Outcomes) -> None:
    """Add what the rounds of an interrupted run came to, as far as they were finished."""
    outcomes.is_partial = True
    given_up = {one.variant for one in outcomes.skipped}
    for record in records:
        name = record.subject.name
        if record.windows and name not in given_up and not outcomes.has(name, record.rows):
            with suppress(LoadTestError):  # its service does not even say who it is: nothing to believe
                outcomes.take(_load(plan, record))


def _start(plan: Plan, progress: Progress, stack: ExitStack, subjects: list[Subject]) -> Iterator[Skipped]:
    """Start every service, and predict offline meanwhile: the services load on a core of their own.

    Fills `subjects` with those that are ready, and yields the others.
    """
    servers: dict[str, Server] = {}
    for name in plan.variants:
        progress.begin(name, "starting the service")
        if not plan.host and not is_available(plan.bundle.variant(name)):
            yield Skipped(name, "the library that runs it is not installed here", failed=False)
            continue
        servers[name] = stack.enter_context(_service(plan, name))
    stack.callback(_ask_to_end, list(servers.values()))
    for name, server in servers.items():
        try:
            subjects.append(_subject(plan, progress, name, server))
        except (LoadTestError, BundleError) as error:
            yield Skipped(name, str(error), failed=True)


def _ask_to_end(servers: Sequence[Server]) -> None:
    """Let all services stop at the same time; each is waited for when its block is left."""
    for server in servers:
        if server.process is not None:
            server.process.ask_to_end()


def _service(plan: Plan, variant: str) -> AbstractContextManager[Server]:
    if plan.host:
        return nullcontext(Server(plan.host))
    log = plan.out / f"service-{variant}.log"
    waits = plan.scenario.kind == CLOSED
    cores = plan.cores
    return launched(plan.bundle, variant, log=log, core=cores.server, workers=cores.workers, waits=waits)


def _subject(plan: Plan, progress: Progress, name: str, server: Server) -> Subject:
    progress.begin(name, "predicting offline")
    offline = None
    if is_available(plan.bundle.variant(name)):
        file = plan.out / "samples" / f"offline-{name}.npz"
        offline = predict(plan.bundle, name, file=file, core=plan.cores.load)
    progress.begin(name, "starting the service")
    server.wait_until_ready()
    return Subject(name, target_of(plan.bundle, name), server, offline)


def _announce(session: Session, payloads: Payloads) -> Iterator[Skipped]:
    """Ask every variant a few times, and say how long all that is to come takes."""
    for subject in session.subjects:
        session.progress.begin(subject.name, "asking for the first time")
        try:
            with ServiceClient(subject.server.host) as client, bound_to(session.plan.cores.load):
                client.ask(subject.target, payloads.bodies[0])  # which may load it
                subject.request_s = client.seconds_of(subject.target, payloads.bodies[0])
        except LoadTestError as error:
            yield session.drop(subject, error)
    if request_s := {one.name: one.request_s for one in session.subjects}:
        plan = session.plan
        session.progress.announce(forecast.seconds_of(plan, request_s), forecast.warnings(plan, request_s))


def _measure(
    session: Session, payloads: Payloads, x: Instances, records: list[Record]
) -> Iterator[ScoredLoad | Skipped]:
    """Measure every variant that is still in the run at one number of rows a request; fill `records`."""
    for subject in session.subjects:
        try:
            records.append(_meet(session, subject, payloads, x))
        except LoadTestError as error:
            yield session.drop(subject, error)
    bound_ms = session.plan.bound_ms
    if session.plan.searches and bound_ms is not None:
        yield from look_for_peaks(session, records, bound_ms)
    yield from _take_turns(session, records)
    for record in records:
        if record.windows and session.has(record.subject):
            try:
                yield _load(session.plan, record)
            except LoadTestError as error:
                yield session.drop(record.subject, error)


def _meet(session: Session, subject: Subject, payloads: Payloads, x: Instances) -> Record:
    """Time an idle service, audit it once, and note who it is."""
    plan, target = session.plan, subject.target
    session.progress.begin(subject.name, f"alone, {rows_in_words(payloads.rows)} a request")
    begun = time.monotonic()
    with ServiceClient(subject.server.host) as client, bound_to(plan.cores.load):
        client.ask(target, payloads.bodies[0])
        unloaded = probe(client, target, payloads)
        if not subject.audits:
            subject.audits = (
                audits.of_cache(client.endpoint, target, x[payloads.order], seed=plan.seed),
                audits.of_batches(client.endpoint, target, x[payloads.order]),
            )
        session.progress.advance(time.monotonic() - begun)
        return Record(subject, payloads.rows, unloaded, client.identity(target), plan.arrivals or 0.0)


def _take_turns(session: Session, records: Sequence[Record]) -> Iterator[Skipped]:
    """Measure in rounds, and in some more where three in a row were not yet alike for all."""
    plan = session.plan
    wanted, loads = plan.turns, len(plan.variants) * len(plan.rows)
    index, begun, is_corrected = 0, time.monotonic(), False
    while index < wanted or (_is_worth_more(session, records) and index < wanted + _MORE_ROUNDS):
        if index >= wanted:
            session.progress.expect(len(records) * plan.seconds / max(loads, 1) / wanted)
        for record in turn(records, index):
            if not session.has(record.subject):
                continue
            try:
                record.windows.append(_round(session, record, index))
            except LoadTestError as error:
                yield session.drop(record.subject, error)
        index += 1
        if not is_corrected and index < wanted:
            is_corrected = _correct(session, records, (time.monotonic() - begun) / index, index)


def _correct(session: Session, records: Sequence[Record], turn_s: float, done: int) -> bool:
    """Announce anew where turns take far longer than one request made expect; return whether they do."""
    plan = session.plan
    expected_s = sum(forecast.seconds_of_round(plan, one.subject.request_s) for one in records)
    if not records or turn_s <= forecast.FAR_LONGER * expected_s:
        return False
    turns = plan.turns * (len(plan.rows) - plan.rows.index(records[0].rows)) - done
    session.progress.announce(turns * turn_s, [])
    return True


def _is_worth_more(session: Session, records: Sequence[Record]) -> bool:
    """Tell whether more rounds may help: only where there are rounds, and a machine that was uneasy."""
    plan = session.plan
    if plan.turns < STEADY_WINDOWS:
        return False
    measured = [rounds_of(one.windows, plan.bound_ms) for one in records if session.has(one.subject)]
    if any(one.p50_ms is None for rounds in measured for one in rounds):
        return False  # they are too short, and so would those be
    return any(of_steadiness(rounds, plan.scenario).passed is False for rounds in measured)


def _round(session: Session, record: Record, index: int) -> Window:
    subject = record.subject
    session.progress.begin(subject.name, f"round {index + 1}, {rows_in_words(record.rows)} a request")
    return session.send(session.order(subject, record.rows, turn=index, rate=record.rate))


def _load(plan: Plan, record: Record) -> ScoredLoad:
    subject = record.subject
    after = None
    if not subject.server.has_ended():
        with ServiceClient(subject.server.host) as client:
            after = client.identity(subject.target)
    return load_of(plan, record, plan.bundle.variant(subject.name), after)
