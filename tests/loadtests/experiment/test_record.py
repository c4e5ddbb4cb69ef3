from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bundle.bundle import Bundle
from bundle.store import ModelStore
from loadtests.experiment.measured import Measured
from loadtests.experiment.peak.search import Search
from loadtests.experiment.peak.trial import Trial
from loadtests.experiment.plan import Plan, Schedule
from loadtests.experiment.record import Record, load_of, shared_rate
from loadtests.experiment.rounds.intake import Place, see
from loadtests.experiment.session import Subject
from loadtests.measure.check import Check
from loadtests.measure.recorder import Recorder
from loadtests.measure.samples import Samples
from loadtests.measure.turn import Turn
from loadtests.protocol.dialects.predict import Predict
from loadtests.rig.cores import Cores
from loadtests.rig.processor import Sight
from loadtests.system.offline_predictions import OfflinePredictions
from loadtests.system.probe import Unloaded
from loadtests.system.server_process import Server
from loadtests.workload.held_out import HeldOut
from loadtests.workload.target import Target


def _subject(*audits: Check) -> Subject:
    server = Server("http://127.0.0.1:1")
    return Subject("int8", Predict(Target("digits", 1, "int8", ("0", "1"))), server, audits=audits)


def _record(mean_ms: float, limit: float) -> Record:
    """Return a record whose search is over; the service holds up to `limit` requests a second."""
    search = Search(500.0, 10.0, seed=1)
    while (attempt := search.next()) is not None:
        holds = attempt.rate <= limit
        search.take(Trial(attempt.rate, 1000, 0 if holds else 500, attempt.rate, 1.0, 5.0, 0.9, holds, False))
    return Record(_subject(), 1, Unloaded(100, mean_ms, mean_ms, None), searches=[search])


def test_what_is_borne_is_the_peak() -> None:
    assert _record(1.0, 2000.0).bearable == pytest.approx(2000, rel=0.06)


def test_without_a_peak_a_variant_bears_one_request_after_the_other() -> None:
    assert _record(20.0, 0.0).bearable == 50.0


def test_a_variant_without_a_peak_is_not_loaded_at_half_the_others() -> None:
    assert shared_rate([_record(1.0, 2000.0), _record(20.0, 0.0)]) == 25.0
    assert shared_rate([_record(1.0, 2000.0), _record(0.5, 4000.0)]) == pytest.approx(1000, rel=0.06)


@pytest.fixture(scope="module")
def bundle(models: Path) -> Bundle:
    return ModelStore(models).open("digits")


class TestLoad:
    """What a record comes to."""

    @pytest.fixture
    def plan(self, bundle: Bundle, tmp_path: Path) -> Plan:
        (tmp_path / "samples").mkdir()
        return Plan(
            HeldOut.of_bundle(bundle), ("int8",), (1,), Schedule(), tmp_path, Cores(None, None), bundle=bundle
        )

    def _measured(self, blocks: int = 3, failures: int = 0) -> Record:
        """Return a record of blocks of a turn of a second.

        In each a hundred answers of 10 ms came to one user, every tenth row wrong.
        """
        record = Record(_subject(), 1, Unloaded(100, 4.0, 5.0, 2.0))
        for block in range(blocks):
            recorder = Recorder(1, np.arange(10), variant="int8")
            recorder.spawned = 0.0
            for index in range(100):
                done = (index + 1) / 100
                recorder.add_answer(done - 0.01, done, index % 10, [0] if index % 10 == 0 else [])
            for _ in range(failures):
                recorder.add_failure(0.5, 0.6, 0, status=500, reason="status 500")
            turn = Turn(0, 0, 0.0, 1.0, 100, 1.0, 0.5, 0.01, 0.2, 0.0, 0)
            record.seen.append(see(recorder.samples(), [(0, turn)], 1, Place(block, 0.0, None, False)))
            record.changes.append("")
            record.sights.append(Sight(stolen=0.02, others=0.1))
        return record

    def _load(self, plan: Plan, record: Record) -> Measured:
        return load_of(plan, record).load

    def test_its_figures_are_those_of_all_blocks_together(self, plan: Plan, bundle: Bundle) -> None:
        load = self._load(plan, self._measured())
        assert (load.requests, load.failed, load.answers) == (300, 0, 300)
        assert load.requests_per_s == pytest.approx(100)
        assert load.p99 == pytest.approx(10.0)
        assert [one.index for one in load.blocks] == [0, 1, 2]
        assert load.cost is not None
        assert load.cost.value == pytest.approx(200)
        assert load.answers_per_user == 100 / plan.users
        assert load.unloaded.model_share == 0.4
        assert load.variant_bytes == bundle.variant("int8").bytes
        assert load.void == []

    def test_its_samples_are_kept_and_say_which_block_they_are_of(self, plan: Plan) -> None:
        load = self._load(plan, self._measured())
        samples = Samples.load(plan.out / load.samples)
        assert np.bincount(samples.part).tolist() == [100, 100, 100]

    def test_the_checks_that_failed_and_void_are_named(self, plan: Plan) -> None:
        record = self._measured(failures=2)
        record.subject.audits = (
            Check("cache", passed=False, detail="It caches."),
            Check("batches", passed=False, detail="Rows differ.", voids=False),
        )
        record.changes[1] = "it was started again"
        load = self._load(plan, record)
        assert load.void == ["answers", "service", "cache"]
        assert load.failures == {"status 500": 6}

    def test_the_machine_is_graded_and_what_others_took_is_told(self, plan: Plan) -> None:
        grade = self._load(plan, self._measured()).grade
        assert grade is not None
        assert grade.word == "uneasy"
        assert grade.scatter == pytest.approx(0)
        assert (grade.waited, grade.stolen, grade.others) == pytest.approx((0.01, 0.02, 0.1))

    def test_turns_of_rates_that_go_up_scatter_however_calm_the_machine_is(self, plan: Plan) -> None:
        record = self._measured()
        record.seen = [
            replace(one, turns=tuple(replace(turn, rows_per_s=10.0 ** (1 + place)) for turn in one.turns))
            for place, one in enumerate(record.seen)
        ]
        of_steps = self._load(replace(plan, scenario_name="ramp"), record).grade
        assert of_steps is not None
        assert (of_steps.word, of_steps.scatter, of_steps.stolen) == ("uneasy", None, 0.02)
        closed = self._load(plan, record).grade
        assert closed is not None
        assert closed.word == "rough"

    def test_a_block_of_which_no_turn_counts_is_left_out(self, plan: Plan) -> None:
        record = self._measured()
        turn = replace(record.seen[1].turns[0], why_void="no core")
        record.seen[1] = replace(
            record.seen[1],
            turns=(turn,),
            block=replace(record.seen[1].block, turns=0, void_turns=1, requests_per_s=0.0, rows_per_s=0.0),
        )
        load = self._load(plan, record)
        assert load.requests_per_s == pytest.approx(100)
        assert load.throughput is not None
        assert load.throughput.value == pytest.approx(100)

    def test_only_a_load_that_changes_has_a_timeline(self, plan: Plan) -> None:
        assert self._load(plan, self._measured(1)).timeline == []
        spike = replace(plan, scenario_name="spike")
        moments = self._load(spike, self._measured(1)).timeline
        assert sum(one.offered_per_s * one.seconds for one in moments) == pytest.approx(99, abs=2)

    def test_only_offline_is_set_against_the_interpreter(self, plan: Plan) -> None:
        record = self._measured()
        record.subject.offline = OfflinePredictions(Path(), 400.0)
        assert self._load(plan, record).offline is None
        offline = self._load(replace(plan, scenario_name="offline"), record).offline
        assert offline is not None
        assert offline.interpreter_rows_per_s == 400.0
        assert offline.share == pytest.approx(0.25)

    def test_only_a_profile_has_a_curve_of_the_rates_that_were_tried_beside_the_search(
        self, plan: Plan
    ) -> None:
        record = self._measured()
        record.searches = _record(1.0, 2000.0).searches
        assert self._load(plan, record).curve is None
        profile = replace(plan, scenario_name="server", profile=True)
        searched = self._load(profile, record).curve
        assert searched is not None
        assert len(searched.points) > 3
        record.extra = [Trial(rate, 1000, 0, rate, 1.0, 5.0, 0.9, True, False) for rate in (900.0, 300.0)]
        extra = self._load(profile, record).curve
        assert extra is not None
        assert [one.rate for one in extra.points] == [300.0, 900.0]
