"""The run: starts a service for each variant, meets it, and has all of them measured block by block."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bundle.errors import BundleError
from loadtests.errors import LoadTestError
from loadtests.experiment import forecast
from loadtests.experiment.course import Course
from loadtests.experiment.fleet import Fleet
from loadtests.experiment.measured import Outcomes, ScoredLoad, Skipped, rows_in_words
from loadtests.experiment.peak.peaks import look_for_peaks
from loadtests.experiment.plan import Plan
from loadtests.experiment.predicted import Predicted
from loadtests.experiment.record import Record, load_of
from loadtests.experiment.session import Progress, Session, Subject
from loadtests.generator.process import Generator
from loadtests.protocol.dialects.predict import Predict
from loadtests.protocol.dialects.system import System
from loadtests.rig import interruption
from loadtests.rig.cores import bound_to
from loadtests.rig.occupation import SCRATCH
from loadtests.rig.processor import processor_s
from loadtests.system import audits
from loadtests.system.client import ServiceClient
from loadtests.system.probe import probe
from loadtests.system.server_process import Server
from loadtests.workload.payloads import Payloads, build
from loadtests.workload.target import target_of


def run(plan: Plan, progress: Progress) -> Outcomes:
    """Measure, and return what each variant came to at each number of rows.

    A variant that cannot be loaded is skipped with the reason, and the rest goes on. Where the run is
    interrupted, the blocks that were finished are what it came to. Raises ServiceError where nobody answers
    at the host or at a system that was named, and KeyboardInterrupt where the run is interrupted before the
    first block is over, or once more.
    """
    for host in plan.hosts:
        with ServiceClient(host) as client:
            client.reach()
    outcomes = Outcomes()
    with ExitStack() as stack:
        records: list[Record] = []
        try:
            for outcome in _outcomes(plan, progress, stack, records, outcomes):
                outcomes.take(outcome)
        except KeyboardInterrupt:
            interruption.heard()
            progress.begin("interrupted", "taking stock of the blocks that were finished")
            outcomes.is_partial = True
            for loaded in _loads(plan, records, outcomes):
                outcomes.take(loaded)
            if not outcomes.measured:
                raise
    return outcomes


def _outcomes(
    plan: Plan, progress: Progress, stack: ExitStack, records: list[Record], outcomes: Outcomes
) -> Iterator[ScoredLoad | Skipped]:
    """Measure; fills `records`, and says in `outcomes` why it went on no longer."""
    fleet = stack.enter_context(Fleet(plan))
    subjects: list[Subject] = []
    yield from _start(plan, progress, fleet, subjects)
    if not subjects:
        return
    # They have done nothing else by now, while we predicted offline, which takes longer.
    start_s = processor_s([pid for subject in subjects for pid in subject.server.pids()]) or 0.0
    generator = stack.enter_context(Generator(log=plan.out / "generator.log", core=plan.cores.load))
    scratch = stack.enter_context(TemporaryDirectory(prefix=SCRATCH, dir=plan.out))
    session = Session(plan, progress, generator, subjects, Path(scratch))
    outcomes.forms |= {one.name: one.dialect.form for one in subjects if one.system}
    questions = _Questions(plan)
    yield from _announce(session, questions)
    for rows in plan.rows:
        yield from _meet_all(session, questions, rows, records)
    course = Course(session, fleet, records, start_s=start_s)
    yield from course.run()
    outcomes.stop = course.stop
    yield from _loads(plan, records, outcomes)


def _loads(plan: Plan, records: Sequence[Record], outcomes: Outcomes) -> Iterator[ScoredLoad]:
    """Yield what the records of variants that did not fail came to, as far as they have a block."""
    failed = {one.variant for one in outcomes.skipped}
    for record in records:
        name = record.subject.name
        if record.seen and name not in failed and not outcomes.has(name, record.rows):
            yield load_of(plan, record)


def _start(plan: Plan, progress: Progress, fleet: Fleet, subjects: list[Subject]) -> Iterator[Skipped]:
    """Start every service, and predict offline meanwhile: the services load on a core of their own.

    Fills `subjects` with those that are ready, and yields the others.
    """
    progress.begin("all", "starting the services")
    bundle, names = plan.bundle, []
    offline = Predicted(plan)
    for name in plan.names:
        if plan.host or name not in plan.variants or bundle is None or plan.behind(name):
            names.append(name)
        else:
            yield Skipped(name, "the library that runs it is not installed here", failed=False)
    systems = {one.name: one for one in plan.systems}
    for name, server in fleet.start(names).items():
        try:
            if bundle is None or name in systems:
                subjects.append(_system(plan, progress, systems[name], server))
            else:
                progress.begin(name, "predicting offline")
                predicted = offline.of(bundle, name)
                progress.begin(name, "starting the service")
                server.wait_until_ready()
                target = replace(target_of(bundle, name), is_binary=plan.is_binary)
                subjects.append(Subject(name, Predict(target), server, predicted))
        except (LoadTestError, BundleError) as error:
            yield Skipped(name, str(error), failed=True)


def _system(plan: Plan, progress: Progress, system: System, server: Server) -> Subject:
    progress.begin(system.name, "asking whether it is ready")
    with ServiceClient(system.host) as client:
        if not client.is_ready_for(system.target):
            client.wake(system.target, plan.asked.x[:1])
        return Subject(system.name, client.meet(system.target), server, system=system)


class _Questions:
    """The rows of a run as each server takes them: those that are sent in one form are encoded once."""

    def __init__(self, plan: Plan) -> None:
        self._asked = plan.asked
        self._known: dict[tuple[str, int], Payloads] = {}

    def to(self, subject: Subject, rows: int) -> Payloads:
        """Return the bodies for a subject. Raises RowsError where its model takes other rows."""
        key = (subject.dialect.form, rows)
        if key not in self._known:
            self._known[key] = build(self._asked.x, self._asked.y, rows, encode=subject.dialect.encode)
        return self._known[key]


def _announce(session: Session, questions: _Questions) -> Iterator[Skipped]:
    """Ask every variant a few times, and say how long all that is to come takes."""
    for subject in session.subjects:
        session.progress.begin(subject.name, "asking for the first time")
        try:
            body = questions.to(subject, session.plan.rows[0]).bodies[0]
            with ServiceClient(subject.server.host) as client, bound_to(session.plan.cores.load):
                client.ask(subject.dialect, body)  # which may load it
                subject.request_s = client.seconds_of(subject.dialect, body)
        except LoadTestError as error:
            yield session.drop(subject, error)
    if request_s := {one.name: one.request_s for one in session.subjects}:
        plan = session.plan
        session.progress.announce(forecast.seconds_of(plan, request_s), forecast.warnings(plan, request_s))


def _meet_all(session: Session, questions: _Questions, rows: int, records: list[Record]) -> Iterator[Skipped]:
    """Meet every variant at one number of rows a request, and look for the peaks; adds to `records`."""
    met = []
    for subject in session.subjects:
        try:
            met.append(_meet(session, subject, questions.to(subject, rows)))
        except LoadTestError as error:
            yield session.drop(subject, error)
    bound_ms = session.plan.bound_ms
    if session.plan.searches and bound_ms is not None:
        yield from look_for_peaks(session, met, bound_ms)
    records += met


def _meet(session: Session, subject: Subject, payloads: Payloads) -> Record:
    """Time an idle service, and audit it once."""
    plan, dialect = session.plan, subject.dialect
    x = plan.asked.x
    session.progress.begin(subject.name, f"alone, {rows_in_words(payloads.rows)} a request")
    begun = time.monotonic()
    with ServiceClient(subject.server.host) as client, bound_to(plan.cores.load):
        client.ask(dialect, payloads.bodies[0])
        unloaded = probe(client, dialect, payloads)
        if not subject.audits:
            subject.audits = (
                audits.of_cache(client.endpoint, dialect, x[payloads.order], seed=plan.seed),
                audits.of_batches(client.endpoint, dialect, x[payloads.order]),
            )
        session.progress.advance(time.monotonic() - begun)
        return Record(subject, payloads.rows, unloaded, plan.arrivals or 0.0)
