from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from bundle.bundle import open_bundle
from bundle.manifest import CASCADE, InputSpec
from bundle.normalizer import FloatArray, Normalizer
from bundle.runtimes import Runtime, open_runtime
from evidence.cascades import Cascade, Choice
from evidence.estimate import Estimate
from evidence.paired import Pairs, judge
from tests.training.evaluations import scored, steady
from tests.training.watchers import Notes
from training.config import TrainConfig
from training.data.prepare import Prepared
from training.evaluation.evaluate import Answers
from training.export.worker import Worker, convert_all
from training.precisions import Rung
from training.runs.cascade import choice_of, in_words, spec_of
from training.runs.ladder import Ladder
from training.runs.pipeline import train
from training.runs.rescore import rescore
from training.runs.run import Published

ROWS = 1200
BAND = Estimate(0.2, 0.17, 0.24)


@dataclass(frozen=True)
class Reader:
    """Reads the class off a row, whose second number says how hard it is; what is too hard it has wrong."""

    skill: float
    work: int
    """Multiplications of matrices for each call: what makes one dearer than another."""

    def predict(self, rows: FloatArray) -> FloatArray:
        matrix = np.ones((64, 64), np.float32)
        for _ in range(self.work):
            matrix = matrix @ matrix * np.float32(1 / 64)
        right, hard = rows[:, 0].astype(int), rows[:, 1]
        said = np.where(hard > self.skill, 1 - right, right)
        sure = np.clip(1 - hard, 0.5, 1).astype(np.float32)
        answers = np.empty((len(rows), 2), np.float32)
        answers[np.arange(len(rows)), said] = sure
        answers[np.arange(len(rows)), 1 - said] = 1 - sure
        return answers


def ladder_of(runtimes: Mapping[str, Runtime], notes: Notes) -> Ladder:
    """Return a ladder of variants that need not be made; a fifth of the rows is hard."""
    random = np.random.default_rng(5)

    def part() -> tuple[FloatArray, np.ndarray]:
        y = random.integers(0, 2, ROWS)
        hard = np.where(random.random(ROWS) < 0.2, 0.45, 0.1)
        return np.column_stack([y, hard]).astype(np.float32), y

    (x, y), (x_test, y_test) = part(), part()
    prepared = Prepared(
        InputSpec(kind="vector", shape=(2,)),
        (0, 1),
        Normalizer.given(2, channels=1),
        x,
        y,
        x,
        y,
        x_test,
        y_test,
    )
    ladder = Ladder(prepared, x, notes, convert_all)
    for name, runtime in runtimes.items():
        ladder.runtimes[name], ladder.rungs[name], ladder.sizes[name] = runtime, Rung(1.0, name), 10
    return ladder


def test_a_cascade_is_chosen_on_validation_rows_and_certified_on_test_rows() -> None:
    notes = Notes()
    ladder = ladder_of({"float32": Reader(1.0, 100), "int8": Reader(0.2, 0)}, notes)
    *variants, both = ladder.score(margin=0.01)
    spec = ladder.cascade
    assert spec is not None
    assert [one.variant for one in variants] == ["float32", "int8"]
    assert (spec.first, spec.second, spec.margin) == ("int8", "float32", 0.01)
    assert spec.threshold == np.float32(0.9)
    assert spec.escalated_low < 0.2 < spec.escalated_high
    assert (both.variant, both.bytes, both.scores.accuracy) == (CASCADE, 20, 1.0)
    assert (spec.judgement, spec.difference) == ("no worse", 0.0)
    assert spec.scores == both.scores
    assert both.escalated == (ladder.prepared.x_test[:, 1] > 0.2).mean()
    assert both.validation is not None
    assert both.validation.right.all()
    assert notes.told[0].startswith(f"cascade: int8, and for {spec.escalated:.1%} of rows float32 as well: ")


def test_where_one_variant_alone_does_no_cascade_is_kept_and_the_reason_is_told() -> None:
    notes = Notes()
    ladder = ladder_of({"float32": Reader(1.0, 100), "int8": Reader(1.0, 0)}, notes)
    assert [one.variant for one in ladder.score(margin=0.01)] == ["float32", "int8"]
    assert ladder.cascade is None
    assert notes.told[0].startswith("no cascade: int8, and for 20.")
    assert ", and int8 alone, the cheapest that is no worse, " in notes.told[0]


def test_nobody_who_names_no_margin_waits_for_a_cascade() -> None:
    notes = Notes()
    ladder = ladder_of({"float32": Reader(1.0, 1), "int8": Reader(0.2, 0)}, notes)
    assert len(ladder.score()) == 2
    assert (ladder.cascade, notes.told) == (None, [])
    assert "timing in turns" not in [stage for stage, _ in notes.stages]


def test_a_variant_that_was_not_timed_with_the_others_takes_no_part() -> None:
    sure = Answers(np.zeros(9, int), np.zeros(9, int), np.ones(9, np.float32))
    times = {"int8": {32: steady(1.0)}, "int16x8": {32: steady(2.0)}}
    assert choice_of({"int8": sure, "int16x8": sure, "tensorflow": sure}, times, "tensorflow", 0.01) is None
    assert choice_of({"int8": sure}, {"int8": times["int8"]}, "int8", 0.01) is None


def test_the_choice_is_said_in_a_sentence() -> None:
    cascade = Cascade("w0.25-int8", "dynamic_int8", 0.5, BAND)
    told = [
        in_words(choice, "float32", 0.01)
        for choice in (
            Choice("int8", 18.3, cascade, 12.6),
            Choice("int8", 9.0, cascade, 12.6),
            Choice("int8", 9.0, None, np.inf),
        )
    ]
    pair = "w0.25-int8, and for 20.0% of rows dynamic_int8 as well"
    single = "int8 alone, the cheapest that is no worse,"
    shown = "of no two variants do validation rows show that they are no worse than float32"
    assert told == [
        f"cascade: {pair}: 12.60 µs a row, and {single} 18.30",
        f"no cascade: {pair} would take 12.60 µs a row, and {single} 9.00",
        f"no cascade: {shown} at a margin of 0.01",
    ]


def test_what_the_test_rows_do_not_tell_is_kept_so() -> None:
    ladder = ladder_of({"float32": Reader(1.0, 100), "int8": Reader(0.2, 0)}, Notes())
    both = ladder.score(margin=0.002)
    assert ladder.cascade is None  # 1,200 rows of which none differs leave 0.003 open
    assert len(both) == 2
    *_, cascade = ladder.score(margin=0.01)
    spec = spec_of(cascade, 0.002)
    assert (spec.judgement, spec.margin) == ("not enough rows to tell", 0.002)
    assert spec.judgement == judge(cascade.tally.pairs, 0.002).judgement
    with pytest.raises(ValueError, match="int8 is no cascade"):
        spec_of(scored("int8"), 0.01)


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory, convert: Worker) -> Published:
    """A model of a chessboard's colours: five units have an idea of it, and 256 know it."""
    folder = tmp_path_factory.mktemp("board")
    x = np.random.default_rng(3).uniform(0, 3, (8000, 2)).astype(np.float32)
    np.savez(folder / "board.npz", x=x, y=np.floor(x).sum(axis=1).astype(int) % 2)
    config = TrainConfig(
        data=str(folder / "board.npz"),
        hidden=(256, 256),
        widths=(0.02,),
        variants=("float32",),
        epochs=6,
        batch_size=128,
        validation_size=0.2,
        learning_rate=1e-2,
    )
    return train(config, folder / "models", convert=convert, margin=0.05)


def test_what_is_published_holds_the_cascade_and_what_it_predicted(board: Published) -> None:
    bundle = open_bundle(board.bundle.folder)
    spec, kept = bundle.manifest.cascade, bundle.predictions()
    assert spec is not None
    assert kept is not None
    assert (spec.first, spec.second, spec.margin) == ("w0.02-float32", "float32", 0.05)
    assert [one.variant for one in board.evaluations] == ["w0.02-float32", "float32", CASCADE]
    assert [one.name for one in bundle.manifest.variants] == ["w0.02-float32", "float32"]
    assert kept.right_on_test(CASCADE).mean() == spec.scores.accuracy
    right = {name: kept.right_on_validation(name) for name in kept.validation}
    assert Pairs.of(right[CASCADE], right["float32"]).difference.low > -0.05
    assert Pairs.of(right["w0.02-float32"], right["float32"]).difference.low < -0.05
    x = bundle.test_set()[0]
    first, second = (open_runtime(bundle, name).predict(x) for name in (spec.first, spec.second))
    goes_on = first.max(axis=1) < np.float32(spec.threshold)
    both = np.where(goes_on, second.argmax(axis=1), first.argmax(axis=1))
    assert kept.test[CASCADE].tolist() == both.tolist()
    pairs = Pairs.of(kept.right_on_test(CASCADE), kept.right_on_test("float32"))
    assert (spec.judgement, spec.difference) == (judge(pairs, 0.05).judgement, pairs.difference.value)


def test_a_bundle_that_is_scored_again_has_its_cascade_in_the_last_row(board: Published) -> None:
    *variants, both = rescore(board.bundle.folder)
    spec = board.bundle.manifest.cascade
    assert spec is not None
    assert (both.variant, both.scores) == (CASCADE, spec.scores)
    assert [one.scores for one in variants] == [one.scores for one in board.bundle.manifest.variants]
    first, second = (one.times[32].rounds[0] for one in variants)
    assert both.times[32].rounds[0] == first + both.escalated * second
    assert both.validation is not None
    assert both.validation.right.mean() == board.evaluations[-1].validation.right.mean()  # type: ignore[union-attr]
