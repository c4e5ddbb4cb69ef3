"""Measures variants against each other: a service each, all running, and turns in interleaved rounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Protocol

from bundle.errors import BundleError
from bundle.runtimes import is_available
from loadtests.errors import LoadTestError
from loadtests.experiment import trial
from loadtests.experiment.checks import of_steadiness
from loadtests.experiment.outcome import result_of, rounds_of
from loadtests.experiment.plan import Plan
from loadtests.experiment.result import Result, Skipped, Trial
from loadtests.experiment.search import PASSES, Attempt, Search
from loadtests.experiment.subject import Record, Subject, shared_rate
from loadtests.generator.process import Generator
from loadtests.measure.summary import Window
from loadtests.rig.cores import bound_to
from loadtests.rig.turns import turn
from loadtests.system import audits
from loadtests.system.client import ServiceClient
from loadtests.system.offline_predictions import predict
from loadtests.system.probe import probe
from loadtests.system.server_process import Server, launched
from loadtests.workload.payloads import Payloads, build, held_out
from loadtests.workload.scenarios import CLOSED, OPEN
from loadtests.workload.target import target_of

RATE_DEFAULT = 100.0
_MORE_ROUNDS = 2  # than were asked for, where the machine is not steady
_PROFILE = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25)  # of the peak


class Progress(Protocol):
    """Whoever wants to know how far the run is."""

    def begin(self, variant: str, doing: str) -> None:
        """Something is being done to a variant."""

    def advance(self, seconds: float) -> None:
        """So much time of a load has gone by."""

    def expect(self, seconds: float) -> None:
        """There is more to do than the plan says."""


def run(plan: Plan, progress: Progress) -> Iterator[Result | Skipped]:
    """Measure, and yield what each variant came to at each number of rows.

    A variant that cannot be loaded is skipped with the reason, and the rest goes on. Raises ServiceError
    where nobody answers at the host that was named.
    """
    if plan.host:
        with ServiceClient(plan.host) as client:
            client.reach()
    with ExitStack() as stack:
        run = _Run(plan, progress, stack)
        yield from run.start()
        for rows in plan.rows:
            yield from run.measure(rows)


class _Run:
    """The services and the generator of one run, and those variants that are still in it."""

    def __init__(self, plan: Plan, progress: Progress, stack: ExitStack) -> None:
        self._plan = plan
        self._progress = progress
        self._stack = stack
        self._subjects: list[Subject] = []
        self._x, self._y = held_out(plan.bundle)

    def start(self) -> Iterator[Skipped]:
        """Start every service, and predict offline meanwhile: the services load on a core of their own."""
        plan = self._plan
        servers: dict[str, Server] = {}
        for name in plan.variants:
            self._progress.begin(name, "starting the service")
            if not plan.host and not is_available(plan.bundle.variant(name)):
                yield Skipped(name, "the library that runs it is not installed here", failed=False)
                continue
            servers[name] = self._stack.enter_context(self._service(name))
        for name, server in servers.items():
            try:
                self._subjects.append(self._subject(name, server))
            except (LoadTestError, BundleError) as error:
                yield Skipped(name, str(error), failed=True)
        if self._subjects:
            log, core = plan.out / "generator.log", plan.cores.load
            self._generator = self._stack.enter_context(Generator(log=log, core=core))

    def measure(self, rows: int) -> Iterator[Result | Skipped]:
        """Measure every variant at one number of rows a request."""
        payloads = build(self._x, self._y, rows)
        records: list[Record] = []
        for subject in list(self._subjects):
            try:
                records.append(self._meet(subject, payloads))
            except LoadTestError as error:
                yield self._drop(subject, error)
        if self._plan.searches:
            yield from self._search(records)
        yield from self._take_turns(records)
        for record in records:
            if record.windows and record.subject in self._subjects:
                try:
                    yield self._result(record)
                except LoadTestError as error:
                    yield self._drop(record.subject, error)

    def _service(self, variant: str) -> AbstractContextManager[Server]:
        plan = self._plan
        if plan.host:
            return nullcontext(Server(plan.host))
        log = plan.out / f"service-{variant}.log"
        waits = plan.scenario.kind == CLOSED
        return launched(plan.models, variant, log=log, core=plan.cores.server, waits=waits)

    def _subject(self, name: str, server: Server) -> Subject:
        plan = self._plan
        self._progress.begin(name, "predicting offline")
        offline = None
        if is_available(plan.bundle.variant(name)):
            file = plan.out / "samples" / f"offline-{name}.npz"
            offline = predict(plan.bundle, name, file=file, core=plan.cores.load)
        self._progress.begin(name, "starting the service")
        server.wait_until_ready()
        return Subject(name, target_of(plan.bundle, name), server, offline)

    def _meet(self, subject: Subject, payloads: Payloads) -> Record:
        """Time an idle service, audit it once, and note who it is."""
        host, target = subject.server.host, subject.target
        self._progress.begin(subject.name, f"alone, {_rows(payloads.rows)} a request")
        with ServiceClient(host) as client, bound_to(self._plan.cores.load):
            client.ask(target, payloads.bodies[0])
            unloaded = probe(client, target, payloads)
            if not subject.audits:
                subject.audits = (
                    audits.of_cache(host, target, self._x[payloads.order], seed=self._plan.seed),
                    audits.of_batches(host, target, self._x[payloads.order]),
                )
            rate = self._plan.rate or RATE_DEFAULT if self._plan.scenario.kind == OPEN else 0.0
            return Record(subject, payloads.rows, unloaded, client.identity(target), rate)

    def _take_turns(self, records: Sequence[Record]) -> Iterator[Skipped]:
        """Measure in rounds, and in some more where three in a row were not yet alike for all."""
        wanted = self._plan.turns
        index = 0
        while index < wanted or (self._is_worth_more(records) and index < wanted + _MORE_ROUNDS):
            if index >= wanted:
                self._progress.expect(len(records) * self._plan.seconds / max(self._loads, 1) / wanted)
            for record in turn(records, index):
                if record.subject not in self._subjects:
                    continue
                try:
                    record.windows.append(self._round(record, index))
                except LoadTestError as error:
                    yield self._drop(record.subject, error)
            index += 1

    def _is_worth_more(self, records: Sequence[Record]) -> bool:
        """Tell whether more rounds may help: only where there are rounds, and a machine that was uneasy."""
        plan = self._plan
        return plan.turns >= 3 and any(
            of_steadiness(rounds_of(one.windows, plan.bound_ms), plan.scenario).passed is False
            for one in records
            if one.subject in self._subjects
        )

    @property
    def _loads(self) -> int:
        return len(self._plan.variants) * len(self._plan.rows)

    def _round(self, record: Record, index: int) -> Window:
        subject = record.subject
        self._progress.begin(subject.name, f"round {index + 1}, {_rows(record.rows)} a request")
        offline = str(subject.offline.file) if subject.offline else ""
        order = self._plan.order(
            subject.target, subject.server.host, record.rows, turn=index, rate=record.rate, offline=offline
        )
        file = self._plan.out / "samples" / "round.npz"
        window = self._generator.send(order, file, self._progress.advance)
        file.unlink()
        return window

    def _search(self, records: Sequence[Record]) -> Iterator[Skipped]:
        """Look for every variant's peak, several times, and try more rates for a profile."""
        for index in range(PASSES):
            for record in records:
                record.searches.append(self._new_search(record, index))
            yield from self._search_once(records)
        if self._plan.profile:
            yield from self._profile(records)
        left = [one for one in records if one.subject in self._subjects]
        for record in left:
            record.rate = shared_rate(left)

    def _new_search(self, record: Record, index: int) -> Search:
        """Begin where the last search ended; the first at the rate asked for, or at what is surely borne."""
        bound_ms, plan = self._plan.bound_ms, self._plan
        assert bound_ms is not None  # noqa: S101 - a plan that searches has one
        found = record.searches[-1].peak().requests_per_s if record.searches else None
        seed = plan.seed + 1000 * (index + 1)
        start = found or plan.rate or record.bearable
        search = Search(start, bound_ms, seed, is_near=found is not None)
        if record.unloaded.p50_ms > bound_ms:
            search.give_up()  # most requests are late even alone
        return search

    def _search_once(self, records: Sequence[Record]) -> Iterator[Skipped]:
        """Carry the last search of each variant through, one attempt of each in turn."""
        index = 0
        under_way = list(records)
        while under_way:
            for record in turn(under_way, index):
                search = record.searches[-1]
                attempt = search.next()
                if attempt is None or record.subject not in self._subjects:
                    under_way.remove(record)
                    continue
                try:
                    search.take(self._try(record, attempt))
                except LoadTestError as error:
                    yield self._drop(record.subject, error)
            index += 1

    def _profile(self, records: Sequence[Record]) -> Iterator[Skipped]:
        """Try shares of each variant's peak."""
        for index, share in enumerate(_PROFILE):
            for record in turn(records, index):
                peak = record.peak
                if peak and peak.requests_per_s and record.subject in self._subjects:
                    seed = self._plan.seed + 1000 * (PASSES + 1) + index
                    attempt = Attempt(peak.requests_per_s * share, seed, is_confirming=False)
                    try:
                        record.extra.append(self._try(record, attempt))
                    except LoadTestError as error:
                        yield self._drop(record.subject, error)

    def _try(self, record: Record, attempt: Attempt) -> Trial:
        """Send at a rate for as long as the proof takes."""
        plan, subject = self._plan, record.subject
        doing = "confirming" if attempt.is_confirming else "trying"
        self._progress.begin(subject.name, f"{doing} {attempt.rate:,.0f}/s, {_rows(record.rows)} a request")
        order = trial.order_of(
            plan.order(
                subject.target, subject.server.host, record.rows, turn=0, rate=attempt.rate, offline=""
            ),
            attempt,
        )
        self._progress.expect(order.seconds)
        file = plan.out / "samples" / "trial.npz"
        window = self._generator.send(order, file, self._progress.advance)
        file.unlink()
        assert plan.bound_ms is not None  # noqa: S101 - a plan that searches has one
        return trial.judge(window, attempt.rate, plan.bound_ms)

    def _result(self, record: Record) -> Result:
        subject = record.subject
        after = None
        if not subject.server.has_ended():
            with ServiceClient(subject.server.host) as client:
                after = client.identity(subject.target)
        return result_of(self._plan, record, self._plan.bundle.variant(subject.name), after)

    def _drop(self, subject: Subject, error: LoadTestError) -> Skipped:
        self._subjects = [one for one in self._subjects if one is not subject]
        return Skipped(subject.name, str(error), failed=True)


def failed(outcomes: Sequence[Result | Skipped]) -> bool:
    """Tell whether a variant could not be measured, a run is void, or a check found something."""
    return any(
        one.failed if isinstance(one, Skipped) else any(check.passed is False for check in one.checks)
        for one in outcomes
    )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
