"""Has the loads of a block take their turns: each with Locust's users, all of which stay connected."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import gevent
import numpy as np
from locust.env import Environment

from loadtests.errors import GeneratorError, LoadTestError
from loadtests.generator.load import Preparer
from loadtests.generator.locust.stage import Cue, Stage, StagedUser
from loadtests.measure.samples import Samples
from loadtests.measure.turn import Taken, Turn
from loadtests.rig import usage
from loadtests.rig.processor import between, processor_s, waited_s
from loadtests.workload.block import Block

_START_S = 60.0  # for all users of a load to connect
_STEP_S = 0.01


class _Client(StagedUser):
    """A client of a closed loop."""


@dataclass(frozen=True)
class _Played:
    """A turn before its answers are read."""

    turn: Turn
    cue: Cue
    samples: slice
    """Of its load."""


def take(block: Block, preparer: Preparer, note: Callable[[], None]) -> Taken:
    """Have the loads of a block take their turns, and call `note` after each. Raises LoadTestError."""
    stages: dict[int, Stage] = {}
    refusals = [""] * len(block.orders)
    for place, order in enumerate(block.orders):
        try:
            stages[place] = Stage(preparer.prepare(replace(order, duration_s=block.seconds)))
        except LoadTestError as error:
            refusals[place] = str(error)
    with ExitStack() as stack:
        for stage in stages.values():
            stack.enter_context(_peopled(stage))
        stack.enter_context(undisturbed())
        played = []
        for place, (load, _) in enumerate(block.turns):
            if load in stages and not stages[load].gave_up:
                played.append(_play(block, place, stages[load]))
                note()
    samples = {load: _told_apart(stage.load().samples(), load, played) for load, stage in stages.items()}
    turns = tuple(_counted(one, samples[one.turn.load]) for one in played)
    return Taken(tuple(samples.get(load) for load in range(len(block.orders))), turns, tuple(refusals))


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep the collector out: it stops everything for longer than a small model takes, and finds nothing."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _peopled(stage: Stage) -> Iterator[None]:
    """Have Locust run the users of a load, each with its connection. Raises GeneratorError."""
    order = stage.load().order
    environment = Environment(user_classes=[_Client], host=order.host)
    environment.predict = stage
    runner: Any = environment.create_local_runner()
    try:
        runner.start(order.users, spawn_rate=order.users)
        with gevent.Timeout(_START_S, GeneratorError(f"the users of {stage.load().target} did not start")):
            while not stage.is_full:
                gevent.sleep(_STEP_S)
        yield
    finally:
        runner.quit()
        stage.load().recorder.ended = time.perf_counter()


def _play(block: Block, place: int, stage: Stage) -> _Played:
    """Have a load take its turn, and read all clocks before and after."""
    load, seconds = block.turns[place]
    pids, recorder = block.processes[load], stage.load().recorder
    cue = stage.call()
    first = len(recorder)
    waited, used = waited_s(pids), processor_s(pids)
    start, own, own_waited = usage.read()
    recorder.add_usage(start, own, own_waited)
    end = stage.play(cue, start, seconds)
    now, own_after, own_waited_after = usage.read()
    used_after, waited_after = processor_s(pids), waited_s(pids)
    recorder.add_usage(now, own_after, own_waited_after)
    turn = Turn(
        load,
        place,
        start,
        end,
        answers=0,
        worked_s=cue.worked_s,
        processor_s=between(used, used_after),
        service_waited_s=between(waited, waited_after),
        generator_s=own_after - own,
        generator_waited_s=own_waited_after - own_waited,
        unanswered=stage.gave_up,
    )
    return _Played(turn, cue, slice(first, len(recorder)))


def _told_apart(samples: Samples, load: int, played: Sequence[_Played]) -> Samples:
    """Return the samples of a load, each with the place of its turn."""
    part = np.zeros(len(samples), np.int64)
    mine = [one for one in played if one.turn.load == load]
    for one in mine:
        part[one.samples] = one.turn.place
    return replace(samples, part=part, spawned=mine[0].turn.start if mine else samples.spawned)


def _counted(played: _Played, samples: Samples) -> Turn:
    """Return the turn with what its answers were worth, and the time that was spent on them."""
    turn, cue = played.turn, played.cue
    ok = samples.ok
    answers = int(np.count_nonzero(ok[played.samples]))
    if len(ok[played.samples]) == len(cue.firsts):
        return replace(turn, answers=answers)
    firsts = int(np.count_nonzero(ok[cue.firsts]))
    return replace(turn, answers=answers - firsts, worked_s=turn.worked_s - cue.firsts_s)
