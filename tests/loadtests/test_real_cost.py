"""The cost of real services, in turns: two of a kind are alike, and one that is 5% dearer is told apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bundle.store import ModelStore
from evidence.blocks import logs_of, ratio_of_blocks
from evidence.estimate import ALIKE, Estimate
from loadtests.experiment.course import Course
from loadtests.experiment.fleet import Fleet
from loadtests.experiment.plan import Plan, Schedule
from loadtests.experiment.record import Record
from loadtests.experiment.session import Session, Subject
from loadtests.generator.process import Generator
from loadtests.protocol.dialects.predict import Predict
from loadtests.rig.child import Child, program
from loadtests.rig.cores import choose, usable
from loadtests.rig.ports import free_port
from loadtests.system.probe import Unloaded
from loadtests.system.server_process import Server
from loadtests.workload.held_out import HeldOut
from loadtests.workload.target import target_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(usable() < 2, reason="service and load generator need a core each"),
]

DEARER = {"sound": 0.0, "same": 0.0, "dearer": 0.05}
VARIANT = "int8"


class _Slowed(Fleet):
    """Services of one variant, some of which use a share more of the core for all they do."""

    @contextmanager
    def _service(self, variant: str) -> Iterator[Server]:
        plan, port = self._plan, free_port()
        share = 1 - 1 / (1 + DEARER[variant])
        options = ["--models", str(plan.models), "--port", str(port), "--preload", VARIANT, "--drain-s", "0"]
        command = program("tests.loadtests.slowed_service", str(share), *options)
        with Child(command, log=plan.out / f"{variant}.log", core=plan.cores.server) as child:
            yield Server(f"http://127.0.0.1:{port}", child)


class _Silent:
    """Nobody wants to know how far it is."""

    def begin(self, variant: str, doing: str) -> None: ...
    def announce(self, seconds: float, warnings: object) -> None: ...
    def advance(self, seconds: float) -> None: ...
    def expect(self, seconds: float) -> None: ...


def _measured(models: Path, out: Path, budget_s: float) -> tuple[Callable[[str, str], Estimate], str]:
    """Measure the three services; return the ratio of the costs of two, and why it went on no longer."""
    bundle = ModelStore(models).open("digits")
    plan = Plan(
        HeldOut.of_bundle(bundle),
        tuple(DEARER),
        (8,),
        Schedule(budget_s=budget_s, blocks=16),
        out,
        choose(),
        models=models,
        bundle=bundle,
    )
    with _Slowed(plan) as fleet, Generator(log=out / "generator.log", core=plan.cores.load) as generator:
        servers = fleet.start(list(DEARER))
        subjects = [Subject(name, Predict(target_of(bundle, VARIANT)), servers[name]) for name in DEARER]
        for subject in subjects:
            subject.server.wait_until_ready()
        with TemporaryDirectory(dir=out) as scratch:
            session = Session(plan, _Silent(), generator, subjects, Path(scratch))
            records = [Record(subject, 8, Unloaded(1, 1.0, 1.0, None)) for subject in subjects]
            course = Course(session, fleet, records, start_s=2.0)
            assert list(course.run()) == []
    assert course.stop is not None
    logs = {record.subject.name: logs_of(record.figures("rows_per_core_s")) for record in records}
    confidence = course.stop.confidence

    def ratio(one: str, other: str) -> Estimate:
        found = ratio_of_blocks(logs[one], logs[other], confidence, among=logs.values())
        assert found is not None
        return found

    return ratio, course.stop.why


def test_two_services_of_a_kind_are_alike_and_one_that_is_5_per_cent_dearer_is_told_apart(
    models: Path, tmp_path: Path
) -> None:
    ratio, why = _measured(models, tmp_path, budget_s=240.0)
    same = ratio("same", "sound")
    leader = "same" if same.value > 1 else "sound"
    dearer = ratio("dearer", leader)
    told = f"same {same}, dearer {dearer}: {why}"
    assert 1 in same, told
    assert dearer.high < 1, told
    assert dearer.value == pytest.approx(1 / 1.05, abs=0.02)
    assert ratio(leader, "same").is_within(ALIKE), told
    assert ratio(leader, "sound").is_within(ALIKE), told
