"""Conducts steps: finds out what is borne, and then sends every variant the same moments, rate by rate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from loadtests.errors import LoadTestError, ServiceError
from loadtests.experiment.measured import Skipped, rate_in_words
from loadtests.experiment.record import Record
from loadtests.experiment.rounds.conduct import in_any_order, send_window
from loadtests.experiment.rounds.intake import Place
from loadtests.experiment.session import Session
from loadtests.experiment.steps.step import LATE_SHARE, Sent, sent_late
from loadtests.workload.block import Block
from loadtests.workload.scenarios import SHARES

_USERS = 8  # of the closed loop by which is seen what a service bears
_TURNS, _TURN_S = 4, 0.25


def take_steps(session: Session, records: Sequence[Record], place: Place) -> Iterator[Skipped]:
    """Send all steps of all seeds to all records of one number of rows. Yields the variants that failed.

    Turns of one rate stand side by side, in an order drawn at random. The rates are shares of what the
    quickest bears, looked at before each seed: so the turns of several seeds are of the same load, though the
    machine is now quicker and now slower.
    """
    plan, shares_core = session.plan, place.shares_core
    seconds = plan.schedule.duration_s / len(SHARES)
    for index in range(plan.schedule.seeds):
        most, seed = plan.rate or _borne(session, records), plan.seed_of(index)
        for step, share in enumerate(SHARES):
            # Whether a window counts is said here, and not by how the generator fared otherwise.
            at = replace(place, index=index * len(SHARES) + step, shares_core=True)
            for record in in_any_order(records, plan.seed_of(at.index)):
                if not session.has(record.subject):
                    continue
                record.rate = share * most
                try:
                    place = replace(at, begun=send_window(session, record, at, seconds, seed=seed).begun)
                except LoadTestError as error:
                    yield session.drop(record.subject, error)
                else:
                    record.steps += _sent(record, index, step, share)
            if not shares_core:
                _void_together(records, index, step, plan.bound_ms or 0.0)


def _sent(record: Record, seed: int, place: int, share: float) -> list[Sent]:
    """Return the last window of a record with what it was of; none where it was offered nothing."""
    window = record.seen[-1].window
    return [Sent(seed, place, share, record.rate, window)] if len(window.measured) else []


def _void_together(records: Sequence[Record], seed: int, place: int, bound_ms: float) -> None:
    """Let no window count that was sent the same moments as one in which the generator failed.

    Otherwise the means of two variants would be of different seeds, and of a machine that was quicker for
    one. Where service and generator have one core, each waits for the other, and neither is to blame.
    """
    together = [one for record in records for one in record.steps if (one.seed, one.place) == (seed, place)]
    if any(sent_late(one.window, bound_ms) > LATE_SHARE for one in together):
        for record in records:
            record.steps = [replace(one, is_void=one.is_void or one in together) for one in record.steps]


def _borne(session: Session, records: Sequence[Record]) -> float:
    """Return the requests a second that the quickest variant bears in a closed loop.

    Where a service chooses by itself, it does not count, unless there is no other.
    """
    left = [one for one in records if session.has(one.subject)]
    fixed = [one for one in left if not one.subject.dialect.target.is_chosen] or left
    orders = tuple(
        replace(
            session.order(one.subject, one.rows, is_compared=False),
            scenario="users",
            users=_USERS,
            deadline_ms=0.0,
        )
        for one in fixed
    )
    session.progress.begin("all", "seeing how much is borne")
    turns = tuple((load, _TURN_S) for _ in range(_TURNS) for load in range(len(fixed)))
    taken = session.take(Block(orders, ((),) * len(orders), turns, round_turns=len(orders)))
    rates = []
    for load in range(len(fixed)):
        mine = [one for one in taken.turns if one.load == load]
        worked_s = sum(one.worked_s for one in mine)
        rates.append(_USERS * sum(one.answers for one in mine) / worked_s if worked_s else 0.0)
    if not any(rates):
        raise ServiceError("no variant answered in a closed loop, so that nobody knows what it bears")
    most = max(rates)
    session.progress.begin("all", f"{rate_in_words(most)} requests a second are borne")
    return most
