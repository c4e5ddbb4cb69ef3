"""Whatever the reference is called, it is judged alike; and where it is the truth, nobody says accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from evidence.paired import Yardstick
from loadtests.errors import LoadTestError
from loadtests.experiment.measured import Measured
from loadtests.judge.bounds import Bounds
from loadtests.judge.document import read
from loadtests.judge.regression import compare
from loadtests.judge.verdict import Verdict
from tests.loadtests.results import changed, document, judged, measured, voided

OTHER = Yardstick("foreign")
TRUE = Yardstick("foreign", "reference")
SLOW = measured("float32", rows_per_s=1000, size=4000, p99_ms=11.0, accuracy=1.0)
FAST = measured("int8", rows_per_s=2700, size=1000, p99_ms=4.1, accuracy=0.999)
FAILED = changed(measured("float32", size=4000), failed=9, failures={"status 500": 9})
RUNS: Mapping[str, Sequence[Measured]] = {
    "one is faster": [SLOW, FAST, measured("int4", rows_per_s=9000, size=500, accuracy=0.80)],
    "one is more accurate": [SLOW, FAST, measured("float16", rows_per_s=1500, accuracy=1.0)],
    "none is faster": [measured("float32", rows_per_s=2000), measured("int16x8", rows_per_s=100)],
    "they are alike": [SLOW, measured("int8", rows_per_s=1000, size=1000)],
    "one is faster with one row": [
        *(measured("float32", rows, 1000) for rows in (1, 32)),
        *(measured("int8", rows, speed) for rows, speed in ((1, 2000), (32, 300))),
    ],
    "it is not there": [FAST, measured("int4", rows_per_s=9000, size=500, accuracy=0.80)],
    "it is void": [voided(SLOW), FAST],
    "all are void": [voided(SLOW), voided(FAST)],
    "it failed": [FAILED, measured("int4", rows_per_s=9000, accuracy=0.5)],
    "HTTP is all": [measured("float32", model_ms=0.01), FAST],
}
BOUNDS = {"": None, "p99": Bounds(p99_ms=5), "p99 that none holds": Bounds(p99_ms=0.1)}


def renamed(loads: Sequence[Measured]) -> list[Measured]:
    """Return the loads of a run whose float32 has another name, as long as that."""
    return [changed(one, variant="foreign") if one.variant == "float32" else one for one in loads]


@pytest.mark.parametrize("rows", [10_000, 100])
@pytest.mark.parametrize("bounds", BOUNDS.values(), ids=BOUNDS)
@pytest.mark.parametrize("loads", RUNS.values(), ids=RUNS)
def test_a_reference_of_another_name_is_judged_as_float32_is(
    loads: Sequence[Measured], bounds: Bounds | None, rows: int
) -> None:
    usual = judged(loads, bounds, rows=rows)
    other = judged(renamed(loads), bounds, rows=rows, yardstick=OTHER)
    assert other.sentences == tuple(one.replace("float32", "foreign") for one in usual.sentences)
    assert _told(other) == _told(usual)
    assert list(other.certificates.values()) == list(usual.certificates.values())
    assert [replace(one, variant="") for one in other.front] == [
        replace(one, variant="") for one in usual.front
    ]


def _told(verdict: Verdict) -> tuple[object, ...]:
    names = (verdict.answer.variant, *verdict.answer.others, *verdict.dominated, *verdict.dominated.values())
    return (verdict.answer.kind, *(name.replace("foreign", "float32") for name in names), verdict.code())


@pytest.mark.parametrize("bounds", BOUNDS.values(), ids=BOUNDS)
@pytest.mark.parametrize("rows", [10_000, 100])
@pytest.mark.parametrize("loads", RUNS.values(), ids=RUNS)
def test_where_the_data_had_no_labels_nothing_is_said_of_accuracy_but_that_it_is_unknown(
    loads: Sequence[Measured], rows: int, bounds: Bounds | None
) -> None:
    sentences = list(judged(renamed(loads), bounds, rows=rows, yardstick=TRUE).sentences)
    caveat = "The data had no labels: accuracy is unknown; what is shown is agreement with `foreign`."
    assert sentences[1] == caveat
    sentences.remove(caveat)
    assert not [one for one in sentences if "accura" in one]


def test_without_labels_a_variant_agrees_with_the_reference_or_too_little() -> None:
    verdict = judged(renamed(RUNS["one is faster"]), yardstick=TRUE)
    assert verdict.sentences[0].startswith(
        "Ship `int8`: 2.70 times (2.67 to 2.74) the rows per core-second of `foreign`, agrees with `foreign` "
        "within 1 point (difference -0.1 points, "
    )
    assert any(one.startswith("`int4` agrees too little with `foreign`: ") for one in verdict.sentences)
    few = judged(renamed(RUNS["one is faster"]), rows=100, yardstick=TRUE)
    assert "but 100 rows do not prove that it agrees with `foreign` within 1 point (" in few.sentences[0]


def test_that_the_reference_agrees_most_with_itself_is_no_news() -> None:
    def told(loads: Sequence[Measured], yardstick: Yardstick) -> list[str]:
        sentences = judged(renamed(loads), yardstick=yardstick).sentences
        return [one.partition(",")[0] for one in sentences if one.startswith(("More accurate", "Closer"))]

    both = [SLOW, FAST, measured("float16", rows_per_s=1500, accuracy=0.9998)]
    assert told(both[:2], OTHER) == ["More accurate than `int8`: `foreign` by 0.1 points"]
    assert told(both[:2], TRUE) == []
    assert told(both, TRUE) == ["Closer to `foreign` than `int8`: `float16` by 0.1 points"]


def test_a_report_is_read_back_with_its_reference_and_an_older_one_has_float32(tmp_path: Path) -> None:
    report = document(renamed([SLOW, FAST]), yardstick=TRUE)
    (tmp_path / "report.json").write_text(report.as_json())
    assert read(tmp_path) == report
    assert report.title == "digits/1: throughput and latency against agreement with foreign"
    old = document([SLOW, FAST]).model_dump_json(exclude={"reference", "truth"})
    (tmp_path / "report.json").write_text(old)
    assert read(tmp_path).yardstick == Yardstick("float32", "labels")


def test_runs_compare_where_the_same_is_right_in_both_and_say_agreement_without_labels() -> None:
    report = document(renamed([SLOW, FAST]), yardstick=TRUE)
    figures = {change.figure for change in compare(report, report).changes}
    assert "agreement" in figures
    assert "accuracy" not in figures
    with pytest.raises(LoadTestError, match="right answers those of the data against those of foreign"):
        compare(document([SLOW, FAST]), report)
    labelled = document(renamed([SLOW, FAST]), yardstick=OTHER)
    assert {change.figure for change in compare(labelled, labelled).changes} >= {"accuracy"}
