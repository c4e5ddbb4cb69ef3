"""Conducts a block: has the generator send what the schedule says, and takes in what comes of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from loadtests.experiment.checks import Spent
from loadtests.experiment.record import Record
from loadtests.experiment.rounds import schedule
from loadtests.experiment.rounds.intake import Place, see, see_window, why_void
from loadtests.experiment.rounds.schedule import Slot
from loadtests.experiment.session import Session
from loadtests.measure.turn import Taken, Turn
from loadtests.rig.processor import between, processor_s, total, waited_s
from loadtests.workload.block import Block
from loadtests.workload.scenarios import SHAPED

_WARM_UP_S = 0.01  # at the least: how long a request takes says how long a turn must be


def take_turns(
    session: Session, records: Sequence[Record], place: Place, block_s: float
) -> tuple[Place, dict[str, str]]:
    """Measure closed loops in many short turns of about `block_s` together, after a warm-up of each.

    Returns the place with the moment at which the first turn of the run began, and by variant why its
    service could not be asked. Raises GeneratorError.
    """
    plan = session.plan
    orders = tuple(session.order(one.subject, one.rows) for one in records)
    processes = tuple(one.subject.server.pids() for one in records)
    session.progress.begin("all", f"warming up for block {place.index + 1}")
    warm_up = [Slot(load, -1, max(plan.schedule.warmup_s, _WARM_UP_S)) for load in range(len(records))]
    warm = session.take(Block(orders, processes, _turns(warm_up)))
    alive = [load for load in range(len(records)) if _is_answering(warm, load)]
    slots = _slots(session, records, warm, alive, place, block_s)
    session.progress.begin("all", f"block {place.index + 1}, in turns")
    block = Block(orders, processes, _turns(slots), round_turns=max(len(alive), 1), seconds_max=block_s)
    before, begun = [processor_s(pids) for pids in processes], time.perf_counter()
    taken = session.take(block) if slots else warm
    seconds = time.perf_counter() - begun
    used = [between(first, processor_s(pids)) for first, pids in zip(before, processes, strict=True)]
    if not place.begun and taken.turns:
        place = replace(place, begun=taken.turns[0].start)
    void = _void_rounds(taken, slots, records, place)
    if slots:
        _note_what_was_spent(records, taken, used, seconds)
    refused: dict[str, str] = {}
    for load, record in enumerate(records):
        # Of a load that did not come through its warm-up, that is what there is to see.
        source, drawn = (taken, slots) if load in alive else (warm, warm_up)
        mine = [(drawn[turn.place].round, turn) for turn in source.turns if turn.load == load]
        samples = source.samples[load]
        if samples is None:
            refused[record.subject.name] = source.refusals[load]
        elif mine:
            record.seen.append(see(samples, mine, plan.users, place, void.get(record.rows, {})))
    return place, refused


def _note_what_was_spent(
    records: Sequence[Record], taken: Taken, used: Sequence[float | None], seconds: float
) -> None:
    """Note the processor time that each service used in the turns of a block, and beside its own."""
    by_name: dict[str, list[Turn]] = {}
    for turn in taken.turns:
        by_name.setdefault(records[turn.load].subject.name, []).append(turn)
    for record, used_s in zip(records, used, strict=True):
        own = by_name.get(record.subject.name, [])
        own_s = total([turn.processor_s for turn in own])
        if used_s is not None and own_s is not None:
            idle_s = seconds - sum(turn.seconds for turn in own)
            record.spent.append(Spent(own_s, max(used_s - own_s, 0.0), idle_s))


def _void_rounds(
    taken: Taken, slots: Sequence[Slot], records: Sequence[Record], place: Place
) -> dict[int, dict[int, str]]:
    """Return, by rows a request, the rounds that do not count for any of their variants, and why."""
    together: dict[tuple[int, int], list[Turn]] = {}
    for turn in taken.turns if slots else ():
        together.setdefault((records[turn.load].rows, slots[turn.place].round), []).append(turn)
    void: dict[int, dict[int, str]] = {}
    for (rows, round_), turns in together.items():
        if why := why_void(turns, sum(slots[turn.place].planned_s for turn in turns), place):
            void.setdefault(rows, {})[round_] = why
    return void


def send_window(
    session: Session, record: Record, place: Place, seconds: float, *, seed: int | None = None
) -> Place:
    """Measure one window of an open loop, or a load that changes, as one piece.

    The moments of its requests are drawn from `seed`, or else from that of the block.
    """
    plan, subject = session.plan, record.subject
    doing = plan.scenario_name if plan.scenario.kind == SHAPED else f"block {place.index + 1}"
    session.progress.begin(subject.name, f"{doing}, {record.rows} rows a request")
    drawn_from = plan.seed_of(place.index) if seed is None else seed
    order = session.order(subject, record.rows, seconds=seconds, rate=record.rate, seed=drawn_from)
    pids = subject.server.pids()
    used, waited = processor_s(pids), waited_s(pids)
    window = session.send(order)
    place = place if place.begun else replace(place, begun=window.start)
    record.seen.append(
        see_window(
            window,
            place,
            processor_s=between(used, processor_s(pids)),
            service_waited_s=between(waited, waited_s(pids)),
        )
    )
    return place


def in_any_order(records: Sequence[Record], seed: int) -> list[Record]:
    """Return the records in an order that is drawn at random."""
    return [records[place] for place in np.random.default_rng(seed).permutation(len(records))]


def _turns(slots: Sequence[Slot]) -> tuple[tuple[int, float], ...]:
    return tuple((slot.load, slot.seconds) for slot in slots)


def _slots(
    session: Session,
    records: Sequence[Record],
    warm: Taken,
    alive: Sequence[int],
    place: Place,
    block_s: float,
) -> list[Slot]:
    """Draw the turns of the loads that came through their warm-up, by how long a request took there."""
    if not alive:
        return []
    least_s = session.plan.schedule.turn_s
    cycles, seconds = [0.0] * len(records), [0.0] * len(records)
    for turn in warm.turns:
        cycles[turn.load] = _cycle_s(turn)
    sent = schedule.lengths([cycles[load] for load in alive], least_s=least_s, block_s=block_s)
    for load, length in zip(alive, sent, strict=True):
        seconds[load] = length
    rows = dict.fromkeys(records[load].rows for load in alive)
    groups = [[load for load in alive if records[load].rows == count] for count in rows]
    return schedule.draw(groups, seconds, cycles, block_s=block_s, seed=session.plan.seed_of(place.index))


def _cycle_s(turn: Turn) -> float:
    """Return the seconds from one request of a user to the next."""
    return turn.worked_s / turn.answers if turn.answers else turn.seconds


def _is_answering(warm: Taken, load: int) -> bool:
    return any(turn.load == load and not turn.unanswered for turn in warm.turns)
