"""The course of a run: block after block, the services started anew between two, until it is decided."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

from evidence import blocks
from evidence.estimate import ALIKE, ALIKE_TAIL, CONFIDENCE
from loadtests.errors import LoadTestError
from loadtests.experiment import checks
from loadtests.experiment.blocks import Stop
from loadtests.experiment.fleet import Fleet
from loadtests.experiment.forecast import in_words
from loadtests.experiment.measured import Skipped
from loadtests.experiment.record import Record
from loadtests.experiment.rounds import conduct, schedule
from loadtests.experiment.rounds.intake import Place
from loadtests.experiment.rounds.stopping import (
    BLOCKS_FEW,
    Figures,
    Look,
    Rule,
    better,
    is_due,
    more_blocks,
)
from loadtests.experiment.session import Session, Subject
from loadtests.experiment.steps.conduct import take_steps
from loadtests.rig import processor
from loadtests.system.client import ServiceClient
from loadtests.system.identity import Identity
from loadtests.workload.scenarios import CLOSED, GOODPUT, P99, SHAPED, STEPPED

_BEARABLE_S = 3600.0  # nobody is told to measure for longer


class Course:
    """Measures the records of a run, which fill up."""

    def __init__(self, session: Session, fleet: Fleet, records: Sequence[Record], *, start_s: float) -> None:
        """The services are running, and took `start_s` to start."""
        self._session = session
        self._fleet = fleet
        self._records = records
        self._start_s = start_s
        plan = session.plan
        # What is offered is answered in time by all, or the run is of something else: p99 tells the rest.
        self._figures = [one for one in plan.scenario.figures if one != GOODPUT]
        self._rule = Rule(plan.matter, plan.weights, alike=ALIKE_TAIL if self._figures == [P99] else ALIKE)
        self._place = Place(0, 0.0, plan.bound_ms, shares_core=plan.cores.shared)
        self.stop: Stop | None = None
        """Why it went on no longer; None before that, and where the load is one piece."""

    def run(self) -> Iterator[Skipped]:
        """Measure block after block. Yields the variants that failed."""
        plan, begun = self._session.plan, time.monotonic()
        budget_s, few = plan.schedule.budget_s, min(BLOCKS_FEW, plan.schedule.blocks)
        count, look = 0, Look(CONFIDENCE, ())
        while self._left:
            if count:
                yield from self._start_anew()
            yield from self._measure(count)
            count += 1
            if plan.scenario.kind in (SHAPED, STEPPED):
                return
            spent_s = time.monotonic() - begun
            is_last = count >= few and spent_s + spent_s / count / 2 > budget_s
            share = 1.0 if is_last else spent_s / budget_s
            if is_last or is_due(count, share):
                look = self._rule.look(self._seen(), share=share)
                if is_last or not look.open:
                    break
        self.stop = _stop(look, count, time.monotonic() - begun, budget_s)

    @property
    def _left(self) -> list[Record]:
        return [one for one in self._records if self._session.has(one.subject)]

    def _start_anew(self) -> Iterator[Skipped]:
        """Start the services of all variants that are still in the run."""
        if not self._fleet.is_ours:
            return
        self._session.progress.begin("all", "starting the services anew")
        begun = time.monotonic()
        servers = self._fleet.start([one.name for one in self._session.subjects])
        for subject in self._session.subjects:
            try:
                subject.server = servers[subject.name]
                subject.server.wait_until_ready()
            except LoadTestError as error:
                yield self._session.drop(subject, error)
        self._start_s = time.monotonic() - begun
        self._session.progress.advance(self._start_s)

    def _measure(self, block: int) -> Iterator[Skipped]:
        plan, records = self._session.plan, self._left
        self._place = Place(block, self._place.begun, plan.bound_ms, self._place.shares_core)
        subjects = {id(one.subject): one.subject for one in records}
        before = {key: _identity(subject) for key, subject in subjects.items()}
        core = plan.cores.server
        first, used = processor.Reading.at(core), _used_s(subjects.values())
        yield from self._send(records)
        # Where the services have no cores of their own, nobody knows what others take of those.
        ours = processor.between(used, _used_s(subjects.values())) if core else None
        sight = processor.Sight.between(first, processor.Reading.at(core), ours)
        after = {key: _identity(subject) for key, subject in subjects.items()}
        for record in records:
            key, server = id(record.subject), record.subject.server
            change = checks.change_of(before[key], after[key], has_ended=server.has_ended())
            record.changes.append(change)
            record.sights.append(sight)

    def _send(self, records: Sequence[Record]) -> Iterator[Skipped]:
        session, plan = self._session, self._session.plan
        block_s = schedule.seconds_of_turns(plan.schedule.budget_s, plan.schedule.blocks, self._start_s)
        if plan.scenario.kind == CLOSED:
            self._place, refused = conduct.take_turns(session, records, self._place, block_s)
            for subject in session.subjects:
                if subject.name in refused:
                    yield session.drop(subject, LoadTestError(refused[subject.name]))
            return
        if plan.scenario.kind == STEPPED:
            for rows in dict.fromkeys(one.rows for one in records):
                together = [one for one in records if one.rows == rows]
                yield from take_steps(session, together, self._place)
            return
        is_whole = plan.scenario.kind == SHAPED
        seconds = plan.schedule.duration_s if is_whole else block_s / len(records)
        for record in conduct.in_any_order(records, plan.seed_of(self._place.index)):
            if session.has(record.subject):
                try:
                    self._place = conduct.send_window(session, record, self._place, seconds)
                except LoadTestError as error:
                    yield session.drop(record.subject, error)

    def _seen(self) -> list[Figures]:
        """Return what there is of each figure that tells variants apart, more being better.

        Those that all variants have come first.
        """
        found: list[tuple[bool, Figures]] = []
        for name in self._figures:
            by_name: dict[str, dict[int, blocks.Figures]] = {}
            for record in self._left:
                by_name.setdefault(record.subject.name, {})[record.rows] = better(name, record.figures(name))
            is_known = all(any(record.figures(name).values()) for record in self._left)
            found.append((is_known, by_name))
        return [by_name for _, by_name in sorted(found, key=lambda one: not one[0])]


def _identity(subject: Subject) -> Identity | None:
    """Return who serves a variant; None where it does not even say that."""
    try:
        with ServiceClient(subject.server.host) as client:
            return client.identity(subject.dialect.target)
    except LoadTestError:
        return None


def _used_s(subjects: Iterable[Subject]) -> float | None:
    """Return the processor time that all services of ours have used by now; None where there are none."""
    return processor.processor_s([pid for one in subjects if one.server.process for pid in one.server.pids()])


def _stop(look: Look, blocks: int, seconds: float, budget_s: float) -> Stop:
    """Say why the run went on no longer."""
    more = more_blocks(look, blocks) if look.open else None
    more_s = None if more is None or more * seconds / blocks > _BEARABLE_S else more * seconds / blocks
    if not look.open:
        why = "All that matters is told apart, or alike within 5%."
    else:
        pairs = "; ".join(f"`{one.one}` and `{one.other}`" for one in look.open)
        why = f"The budget of {in_words(budget_s)} is spent, and not told apart are {pairs}" + (
            "; an hour more might not tell them apart."
            if more_s is None
            else f"; about {in_words(more_s)} more would."
        )
    return Stop(
        why=why,
        is_decided=not look.open,
        blocks=blocks,
        seconds=seconds,
        budget_s=budget_s,
        confidence=look.confidence,
        more_s=more_s,
    )
