"""All are sent the same moments, at shares of what the quickest bears, and a void turn is void for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from bundle.store import ModelStore
from loadtests.errors import GeneratorError
from loadtests.experiment.measured import Skipped
from loadtests.experiment.plan import Plan, Schedule
from loadtests.experiment.record import Record
from loadtests.experiment.rounds.intake import Place
from loadtests.experiment.session import Session, Subject
from loadtests.experiment.steps.conduct import take_steps
from loadtests.measure.recorder import Recorder
from loadtests.measure.summary import Window
from loadtests.measure.turn import Taken, Turn
from loadtests.protocol.dialects.predict import Predict
from loadtests.rig.cores import Cores
from loadtests.system.probe import Unloaded
from loadtests.system.server_process import Server
from loadtests.workload.block import Block
from loadtests.workload.held_out import HeldOut
from loadtests.workload.order import Order
from loadtests.workload.scenarios import SHARES
from loadtests.workload.target import Target
from tests.loadtests.experiment.peak.test_peaks import Progress

BORNE = {"auto": 900.0, "float32": 100.0, "int8": 300.0}  # requests a second, in a closed loop


@dataclass
class Generator:
    """Keeps every schedule but one, and breaks down with a variant where it is told to."""

    late: tuple[str, int] = ("", -1)
    """A variant and the place of the window in which its requests are sent late."""
    fails: str = ""
    sent: list[Order] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    def send(self, order: Order, file: Path, advance: Callable[[float], None]) -> Window:
        place = sum(one.variant == order.variant for one in self.sent)
        self.sent.append(order)
        if order.variant == self.fails:
            raise GeneratorError("it broke down")
        file.touch()
        recorder = Recorder(1, np.arange(10), is_open=True)
        wait = 0.5 if self.late == (order.variant, place) else 0.0
        for at in np.linspace(0.0, order.duration_s, 40, endpoint=False).tolist():
            recorder.add(at, at, at + wait, at + wait + 0.001, 0, 200, b"")
        return Window(recorder.samples(), 0.0, order.duration_s)

    def take(self, block: Block, folder: Path, advance: Callable[[float], None]) -> Taken:
        self.blocks.append(block)
        turns = []
        for place, (load, seconds) in enumerate(block.turns):
            order = block.orders[load]
            answers = round(BORNE[order.variant] * seconds)
            worked_s = order.users * seconds
            turns.append(Turn(load, place, 0.0, seconds, answers, worked_s, None, None, 0.0, 0.0, 0))
        return Taken((None,) * len(block.orders), tuple(turns), ("",) * len(block.orders))


@pytest.fixture
def plan(models: Path, tmp_path: Path) -> Plan:
    bundle = ModelStore(models).open("digits")
    schedule = Schedule(duration_s=16.0, seeds=2, warmup_s=1.0)
    names = tuple(BORNE)
    return Plan(
        HeldOut.of_bundle(bundle),
        names,
        (1,),
        schedule,
        tmp_path,
        Cores(None, None),
        bundle=bundle,
        scenario_name="ramp",
        p99_ms=20.0,
    )


def _taken(plan: Plan, generator: Generator) -> tuple[list[Record], list[Skipped]]:
    subjects = [
        Subject(name, Predict(Target("digits", 1, name, ("0", "1"))), Server("http://127.0.0.1:1"))
        for name in plan.variants
    ]
    records = [Record(one, 1, Unloaded(100, 4.0, 4.0, None)) for one in subjects]
    session = Session(plan, Progress(), generator, subjects, plan.out)
    return records, list(take_steps(session, records, Place(0, 0.0, plan.bound_ms, shares_core=False)))


def test_rates_are_shares_of_what_the_quickest_single_variant_bears_seen_before_each_seed(plan: Plan) -> None:
    generator = Generator()
    records, skipped = _taken(plan, generator)
    assert skipped == []
    assert [[one.variant for one in block.orders] for block in generator.blocks] == [["float32", "int8"]] * 2
    assert all(one.deadline_ms == 0 and one.scenario == "users" for one in generator.blocks[0].orders)
    for record in records:
        assert [(one.seed, one.share) for one in record.steps] == [
            (s, share) for s in (0, 1) for share in SHARES
        ]
        assert [one.rate for one in record.steps] == pytest.approx([300 * share for share in SHARES] * 2)


def test_all_are_sent_the_same_moments_with_a_deadline_and_turns_of_a_rate_stand_side_by_side(
    plan: Plan,
) -> None:
    generator = Generator()
    _taken(plan, generator)
    for at in range(0, len(generator.sent), len(BORNE)):
        together = generator.sent[at : at + len(BORNE)]
        assert {one.variant for one in together} == set(BORNE)
        assert len({(one.rate, one.seed, one.duration_s, one.warmup_s) for one in together}) == 1
        assert {one.deadline_ms for one in together} == {18.0}
    assert len({one.seed for one in generator.sent}) == plan.schedule.seeds
    assert len({tuple(one.variant for one in generator.sent[at : at + 3]) for at in range(0, 48, 3)}) > 1


def test_where_the_generator_failed_for_one_the_turns_of_all_do_not_count(plan: Plan) -> None:
    records, _ = _taken(plan, Generator(late=("int8", 3)))
    for record in records:
        assert [place for place, one in enumerate(record.steps) if one.is_void] == [3]


def test_a_variant_with_which_it_breaks_down_is_left_out_and_the_others_go_on(plan: Plan) -> None:
    records, skipped = _taken(plan, Generator(fails="float32"))
    assert [(one.variant, one.failed) for one in skipped] == [("float32", True)]
    assert [len(one.steps) for one in records] == [2 * len(SHARES), 0, 2 * len(SHARES)]
