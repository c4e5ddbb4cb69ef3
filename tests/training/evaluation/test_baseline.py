from __future__ import annotations

from evidence.paired import Yardstick
from tests.training.evaluations import evaluation
from training.evaluation.baseline import Baseline, nothing_learned

LABELS = ("no", "yes")
RARE = [0] * 95 + [1] * 5
SOUND = [0] * 95 + [1] * 5
WEIGHED = [0] * 73 + [1] * 22 + [1] * 5  # every rare row is found, and 22 of the others are lost


def test_the_baseline_is_the_commonest_class_of_the_rows() -> None:
    baseline = Baseline.under([evaluation("float32", SOUND, SOUND, RARE)], LABELS)
    assert baseline == Baseline("no", 0.95)
    assert str(baseline) == "always answering 'no' is right in 0.9500"
    assert Baseline.of([2, 2], LABELS).label == "no"


def test_a_model_that_is_no_better_than_one_answer_is_said_to_have_learned_nothing() -> None:
    told = nothing_learned([evaluation("float32", WEIGHED, WEIGHED, RARE)], LABELS)
    assert told is not None
    assert told.startswith(
        "Nothing was learned that accuracy shows: always answering 'no' is right in 0.9500"
    )
    assert "float32 in 0.7800 [0.6" in told
    assert "its mean recall of the classes is 0.8842, by chance 0.5000" in told  # which weights have paid for


def test_too_few_rows_are_not_taken_for_a_model_that_learned_nothing() -> None:
    few = [0, 0, 0, 1, 1]
    told = nothing_learned([evaluation("float32", few, few, few)], LABELS)
    assert told is not None
    assert told.startswith("Of 5 rows, accuracy cannot show that anything was learned: always answering 'no'")


def test_without_labels_it_is_agreement_that_the_commonest_class_is_held_to() -> None:
    half, given = [0, 1] * 50, Yardstick("given", "reference")
    rungs = [evaluation(name, [0] * 100, half, half, yardstick=given) for name in ("int8", "int4")]
    told = nothing_learned([evaluation("given", half, half, half, yardstick=given), *rungs], LABELS)
    assert told is not None
    assert told.startswith(
        "Nothing is left of given that the agreement of int8, int4 shows: always answering 'no' agrees with "
        "given in 0.5000, and int8 in 0.5000 ["
    )


def test_a_variant_that_alone_lost_everything_is_named() -> None:
    half = [0, 1] * 50
    told = nothing_learned(
        [evaluation("float32", half, half, half), evaluation("int8", [0] * 100, half, half)], LABELS
    )
    assert told is not None
    assert told.startswith("Nothing was learned that the accuracy of int8 shows")


def test_a_model_that_learned_or_rows_that_cannot_tell_give_no_warning() -> None:
    half = [0, 1] * 50
    assert nothing_learned([evaluation("float32", half, half, half)], LABELS) is None
    assert nothing_learned([evaluation("float32", [0] * 9, [0] * 9, [0] * 9)], LABELS) is None
