from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from bundle.bundle import Bundle
from bundle.store import ModelStore
from loadtests.errors import GeneratorError
from loadtests.experiment.peak.peaks import PROFILE, look_for_peaks
from loadtests.experiment.peak.search import PASSES, RESOLUTION
from loadtests.experiment.plan import Plan, Schedule
from loadtests.experiment.record import Record
from loadtests.experiment.session import Session, Subject
from loadtests.measure.recorder import Recorder
from loadtests.measure.summary import Window
from loadtests.measure.turn import Taken
from loadtests.protocol.dialects.predict import Predict
from loadtests.rig.cores import Cores
from loadtests.system.probe import Unloaded
from loadtests.system.server_process import Server
from loadtests.workload.block import Block
from loadtests.workload.held_out import HeldOut
from loadtests.workload.order import Order
from loadtests.workload.target import Target

LIMITS = {"float32": 100.0, "int8": 300.0}  # requests a second
BOUND_MS = 10.0


@dataclass
class Generator:
    """Answers as services would that are quick up to a limit, and far too slow beyond it."""

    fails: str | None = None
    """A variant with which it breaks down."""
    sent: list[Order] = field(default_factory=list)

    def send(self, order: Order, file: Path, advance: Callable[[float], None]) -> Window:
        self.sent.append(order)
        if order.variant == self.fails:
            raise GeneratorError("it broke down")
        file.touch()
        advance(order.seconds)
        recorder = Recorder(1, np.arange(10), is_open=True)
        latency = BOUND_MS / 1000 * (0.5 if order.rate <= LIMITS[order.variant] else 5.0)
        for at in np.arange(0.0, order.duration_s, 1 / order.rate).tolist():
            recorder.add(at, at, at, at + latency, 0, 200, b"")
        return Window(recorder.samples(), 0.0, order.duration_s)

    def take(self, block: Block, folder: Path, advance: Callable[[float], None]) -> Taken:
        """Nobody asks for turns while a peak is looked for."""
        raise NotImplementedError


@dataclass
class Progress:
    """Adds up what is told."""

    gone_by_s: float = 0.0
    expected_s: float = 0.0

    def begin(self, variant: str, doing: str) -> None:
        """Nobody looks."""

    def announce(self, seconds: float, warnings: Sequence[str]) -> None:
        """Nobody looks."""

    def advance(self, seconds: float) -> None:
        self.gone_by_s += seconds

    def expect(self, seconds: float) -> None:
        self.expected_s += seconds


@pytest.fixture(scope="module")
def bundle(models: Path) -> Bundle:
    return ModelStore(models).open("digits")


@pytest.fixture
def plan(bundle: Bundle, tmp_path: Path) -> Plan:
    (tmp_path / "samples").mkdir()
    return Plan(
        HeldOut.of_bundle(bundle),
        bundle=bundle,
        variants=tuple(LIMITS),
        rows=(1,),
        schedule=Schedule(),
        out=tmp_path,
        cores=Cores(None, None),
        scenario_name="server",
        find_peak=True,
    )


def _started(plan: Plan, generator: Generator, progress: Progress) -> tuple[Session, list[Record]]:
    subjects = [
        Subject(name, Predict(Target("digits", 1, name, ("0", "1"))), Server("http://127.0.0.1:1"))
        for name in LIMITS
    ]
    records = [Record(one, 1, Unloaded(100, 4.0, 4.0, None)) for one in subjects]
    return Session(plan, progress, generator, subjects, plan.out), records


def test_each_variant_finds_its_own_peak_and_all_are_then_loaded_at_half_the_lowest(plan: Plan) -> None:
    generator, progress = Generator(), Progress()
    session, records = _started(plan, generator, progress)
    assert list(look_for_peaks(session, records, BOUND_MS)) == []
    found = []
    for record, limit in zip(records, LIMITS.values(), strict=True):
        peak = record.peak
        assert peak is not None
        assert peak.confirmed
        assert len(peak.passes) == PASSES
        assert peak.requests_per_s is not None
        assert limit / RESOLUTION <= peak.requests_per_s <= limit
        found.append(peak.requests_per_s)
    assert [record.rate for record in records] == [min(found) / 2] * 2
    assert progress.gone_by_s == progress.expected_s > 0
    assert list((plan.out / "samples").iterdir()) == []


def test_the_variants_try_their_rates_in_turns_forth_and_back(plan: Plan) -> None:
    generator = Generator()
    session, records = _started(plan, generator, Progress())
    list(look_for_peaks(session, records, BOUND_MS))
    assert [order.variant for order in generator.sent[:4]] == ["float32", "int8", "int8", "float32"]
    seeds = [order.seed for order in generator.sent if order.variant == "int8"]
    assert len(set(seeds)) == len(seeds)
    assert all(order.offline == "" for order in generator.sent)


def test_a_profile_tries_shares_of_each_peak(plan: Plan) -> None:
    session, records = _started(replace(plan, find_peak=False, profile=True), Generator(), Progress())
    list(look_for_peaks(session, records, BOUND_MS))
    for record in records:
        assert record.peak is not None
        assert record.peak.requests_per_s is not None
        rates = [trial.rate / record.peak.requests_per_s for trial in record.extra]
        assert rates == pytest.approx(PROFILE)


def test_a_variant_with_which_the_generator_fails_is_left_out_and_the_others_go_on(plan: Plan) -> None:
    generator = Generator(fails="float32")
    session, records = _started(plan, generator, Progress())
    (skipped,) = look_for_peaks(session, records, BOUND_MS)
    assert (skipped.variant, skipped.reason, skipped.failed) == ("float32", "it broke down", True)
    assert [one.name for one in session.subjects] == ["int8"]
    assert sum(order.variant == "float32" for order in generator.sent) == 1
    assert records[1].peak is not None
    assert records[1].peak.confirmed


def test_a_variant_that_is_late_even_alone_is_not_searched(plan: Plan) -> None:
    generator = Generator()
    session, records = _started(plan, generator, Progress())
    records[0].unloaded = Unloaded(100, BOUND_MS + 1, BOUND_MS + 1, None)
    list(look_for_peaks(session, records, BOUND_MS))
    assert {order.variant for order in generator.sent} == {"int8"}
    assert records[0].peak is not None
    assert records[0].peak.requests_per_s is None
    assert records[0].peak.why == "one request alone takes 11 ms, so that no rate can hold 10 ms"


def test_a_variant_that_holds_at_no_rate_is_searched_once(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIMITS, "float32", 0.0)
    generator = Generator()
    session, records = _started(plan, generator, Progress())
    list(look_for_peaks(session, records, BOUND_MS))
    rates = [order.rate for order in generator.sent if order.variant == "float32"]
    assert len(set(rates)) == len(rates)
    assert records[0].peak is not None
    assert records[0].peak.why == "not even 0.1 requests a second held"
    assert records[1].peak is not None
    assert records[1].peak.confirmed
