from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bundle.store import ModelStore
from evidence.shares import wilson
from loadtests.judge.bounds import Bounds
from loadtests.judge.certificate import Accuracies, candidates
from loadtests.judge.contrast import Contrasts
from loadtests.judge.verdict import Verdict, judge
from loadtests.workload.arrays import Floats
from tests.loadtests.results import accuracies, judged, measured, voided


def right(rows: int, *wrong: range) -> Floats:
    """Return the rows that a variant gets right: all but these."""
    found = np.ones(rows)
    for places in wrong:
        found[places] = 0
    return found


def _verdict(test: dict[str, Floats], validation: dict[str, Floats] | None = None) -> Verdict:
    """Return the verdict of a run in which every variant but float32 was twice as fast."""
    loads = [measured(name, rows_per_s=1000 if name == "float32" else 2000, size=4000) for name in test]
    return judge(loads, None, Contrasts((), Accuracies(test, validation or test)))


@pytest.mark.parametrize(("rows", "lost"), [(30, 4), (8, 2), (359, 3), (30, 0)])
def test_a_variant_is_not_as_accurate_for_want_of_rows_that_would_tell(rows: int, lost: int) -> None:
    verdict = _verdict({"float32": right(rows), "int8": right(rows, range(lost))})
    assert verdict.recommended == "float32"
    assert (verdict.answer.kind, verdict.answer.others) == ("unproven", ("int8",))
    assert verdict.code() == 0
    assert f"{rows} rows do not prove it as accurate as `float32` within 1 point" in verdict.sentences[0]
    more = verdict.certificates["int8"].rows_more
    assert more is not None
    assert f"about {more:,} more would" in verdict.sentences[0]


def test_the_rows_that_are_said_to_be_needed_are_enough() -> None:
    few = Accuracies({"float32": right(300), "int8": right(300, range(1))}).certificates["int8"]
    assert few.judgement == "not enough rows to tell"
    assert few.rows_needed is not None
    lost = round(few.rows_needed / 300)
    enough = {"float32": right(few.rows_needed), "int8": right(few.rows_needed, range(lost))}
    assert Accuracies(enough).certificates["int8"].judgement == "no worse"


def test_the_margin_is_what_may_be_lost() -> None:
    test = {"float32": right(1000), "int8": right(1000, range(10))}
    judgements = {
        margin: Accuracies(test, margin=margin).certificates["int8"].judgement
        for margin in (0.001, 0.01, 0.05)
    }
    assert judgements == {0.001: "worse", 0.01: "not enough rows to tell", 0.05: "no worse"}


def test_what_loses_more_than_the_margin_is_not_shipped_however_fast_it_is() -> None:
    verdict = _verdict({"float32": right(10_000), "int4": right(10_000, range(500))})
    assert verdict.recommended == "float32"
    assert verdict.answer.kind == "ship"
    assert "`int4` is less accurate than `float32`: difference -5.0 points, -5.4 to -4.6" in "".join(
        verdict.sentences
    )


def test_the_more_variants_are_tried_the_more_each_must_prove() -> None:
    test = {"float32": right(400), "int8": right(400)}
    assert Accuracies(test).certificates["int8"].judgement == "no worse"
    many = test | {f"v{number}": right(400) for number in range(9)}
    crowded = Accuracies(many).certificates["int8"]
    assert crowded.judgement == "not enough rows to tell"
    alone = Accuracies(test).certificates["int8"]
    assert alone.p_value is not None
    assert crowded.p_value == pytest.approx(10 * alone.p_value)
    assert crowded.rows_needed is not None
    assert crowded.rows_needed > 400


@pytest.mark.parametrize("reference", ["void", "absent"])
def test_whether_float32_was_measured_makes_no_difference_to_who_is_as_accurate(reference: str) -> None:
    float32, int8 = measured("float32", size=4000), measured("int8", rows_per_s=2000)
    known = accuracies([float32, int8])
    loads = [int8] if reference == "absent" else [voided(float32), int8]
    verdict = judge(loads, None, Contrasts((), known))
    assert verdict.recommended == "int8"
    assert verdict.sentences[0].startswith("Ship `int8`: as accurate as `float32` within 1 point")
    (compared,) = (one for one in Contrasts((), known).with_reference(loads) if one.variant == "int8")
    assert compared.against_reference is not None
    assert compared.against_reference.accuracy == known.certificates["int8"].difference


def test_what_the_run_happened_to_send_says_nothing_of_accuracy() -> None:
    loads = [measured("float32", accuracy=0.5, unique=20), measured("int8", rows_per_s=2000, unique=20)]
    known = Accuracies({"float32": right(10_000), "int8": right(10_000, range(400))})
    assert judge(loads, None, Contrasts((), known)).recommended == "float32"


def test_a_choice_is_by_validation_rows_and_a_certificate_by_test_rows() -> None:
    test = {name: right(10_000) for name in ("float32", "int8", "wide")}
    lucky = test | {"wide": right(10_000), "int8": right(10_000, range(50))}
    known = Accuracies(lucky, validation=test)
    difference = known.between("wide", "int8")
    assert difference is not None
    assert difference.side_of(0) == 0  # on the test rows `wide` is told to be better
    alone = Accuracies(lucky).between("wide", "int8")
    assert alone is not None
    assert alone.side_of(0) == 1


def test_where_the_rows_that_certify_must_serve_to_choose_too_it_is_said() -> None:
    loads = [measured("float32"), measured("int8", rows_per_s=2000)]
    without = judge(loads, None, Contrasts((), accuracies(loads, validation=False))).sentences
    assert any("keeps no predictions of validation rows" in one for one in without)
    assert not any("validation rows" in one for one in judged(loads).sentences)


def test_with_a_least_accuracy_nothing_need_be_as_accurate_as_float32() -> None:
    loads = [measured("float32", size=4000), measured("int4", rows_per_s=2000, accuracy=0.94)]
    verdict = judged(loads, Bounds(min_accuracy=0.9))
    assert verdict.recommended == "int4"
    assert "accuracy 0.9400 (0.93" in verdict.sentences[0]
    assert "difference -4.0 points" in verdict.sentences[0]


def test_rows_that_nobody_had_the_time_to_predict_are_no_evidence() -> None:
    slow = right(10_000)
    slow[100:] = np.nan
    certificate = Accuracies({"float32": right(10_000), "int16x8": slow}).certificates["int16x8"]
    assert certificate.judgement == "not enough rows to tell"
    assert certificate.difference is not None
    assert certificate.difference.rows == 100


def test_of_a_variant_without_predictions_nothing_is_known() -> None:
    loads = [measured("float32", size=4000), measured("int8", rows_per_s=2000)]
    scored = Accuracies({"float32": right(500)}, scores={"int8": wilson(0.98, 500)})
    verdict = judge(loads, None, Contrasts((), scored))
    assert verdict.recommended == "float32"
    assert "whether it is as accurate as `float32` is not known" in verdict.sentences[0]


def test_the_bundle_keeps_what_certifies(models: Path) -> None:
    bundle = ModelStore(models).open("digits")
    known = Accuracies.of(bundle)
    assert known.is_chosen_on_validation
    assert set(known.certificates) == {one.name for one in bundle.manifest.variants}
    for one in bundle.manifest.variants:
        assert known.certificates[one.name].accuracy.value == one.scores.accuracy
    certificate = known.certificates["int8"]
    assert certificate.difference is not None
    assert certificate.difference.rows == one.scores.rows


def test_of_an_older_bundle_the_predictions_of_the_run_serve(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = ModelStore(models).open("digits")
    monkeypatch.setattr(type(bundle), "predictions", lambda _: None, raising=False)
    assert Accuracies.of(bundle, tmp_path).certificates["int8"].difference is None
    labels = bundle.test_set()[1]
    classes = np.array([bundle.manifest.labels.index(label) for label in labels.tolist()])
    sure = np.eye(bundle.manifest.classes, dtype=np.float32)[classes]
    np.savez(tmp_path / "offline-float32.npz", **{"of/float32": sure})
    partial = np.roll(sure, 1, axis=1)
    partial[40:] = np.nan
    np.savez(tmp_path / "offline-int8.npz", **{"of/int8": partial})
    known = Accuracies.of(bundle, tmp_path)
    assert not known.is_chosen_on_validation
    certificate = known.certificates["int8"]
    assert certificate.judgement == "worse"
    assert certificate.difference is not None
    assert (certificate.difference.value, certificate.difference.rows) == (-1.0, 40)


class TestCandidates:
    NAMES = ("float32", "int8")

    def test_whatever_may_come_to_be_shipped_is_one(self, models: Path) -> None:
        bundle = ModelStore(models).open("digits")
        few = {"float32": right(30), "int8": right(30, range(4))}
        worse = {"float32": right(3000), "int8": right(3000, range(400))}
        assert candidates(Accuracies(few), bundle, Bounds(), self.NAMES) == ["float32", "int8"]
        assert candidates(Accuracies(worse), bundle, Bounds(), self.NAMES) == ["float32"]

    def test_what_is_too_large_or_too_inaccurate_is_none(self, models: Path) -> None:
        bundle = ModelStore(models).open("digits")
        known = Accuracies({"float32": right(3000), "int8": right(3000, range(400))})
        large = bundle.variant("float32").bytes / 1e6 - 0.001
        assert candidates(known, bundle, Bounds(max_mb=large, min_accuracy=0.5), self.NAMES) == ["int8"]
        assert candidates(known, bundle, Bounds(min_accuracy=0.9), self.NAMES) == ["float32"]

    def test_where_nothing_is_one_everything_is_measured_for_what_it_is(self, models: Path) -> None:
        bundle = ModelStore(models).open("digits")
        assert candidates(Accuracies({}), bundle, Bounds(max_mb=1e-6), self.NAMES) == ["float32", "int8"]


def test_of_those_that_reach_an_accuracy_one_that_surely_does_is_taken_before_a_faster_one() -> None:
    """Of 30 rows, more than half of the runs had a variant that seemed to reach what it does not."""
    loads = [measured("float32", accuracy=0.97), measured("int8", rows_per_s=2000, accuracy=0.951)]
    many = judged(loads, Bounds(min_accuracy=0.95), rows=100_000)
    assert (many.answer.kind, many.recommended) == ("ship", "float32")
    few = judged(loads, Bounds(min_accuracy=0.95), rows=100)
    assert few.answer.kind == "unproven"
    assert any("not proven" in sentence for sentence in few.sentences)


def test_what_is_more_accurate_is_named_with_what_it_costs() -> None:
    loads = [measured("float32"), measured("int8", rows_per_s=2700), measured("w2", 1, 1500, accuracy=0.99)]
    (told,) = [one for one in judged(loads).sentences if one.startswith("More accurate than `int8`")]
    assert "`w2` by 1.0 points, at 0.56 times" in told
    assert "the rows per core-second" in told
