from __future__ import annotations

from dataclasses import replace

import pytest

from evidence.estimate import Estimate
from loadtests.experiment.blocks import Grade
from loadtests.experiment.measured import AccuracyDifference, AgainstReference, Measured, Offline
from loadtests.judge.bounds import Bounds
from loadtests.judge.certificate import Certificate
from loadtests.report.table import (
    COST,
    COST_RATIO,
    DIFFERENCE,
    SPEED,
    SPEED_RATIO,
    cells,
    legend,
    lines,
    matrix,
    matrix_sentence,
    ratio_cell,
)
from tests.loadtests.results import changed, document, measured, peak, voided

ROUGH = Grade("rough", 0.21, 0.2, 0.1, 0.12, 0.3)


def _strange(load: Measured) -> Measured:
    """Return the load of a service that was running already: nobody knows its processor time."""
    blocks = [replace(block, rows_per_core_s=None) for block in load.blocks]
    return changed(load, cost=None, blocks=blocks, against_reference=None)


def test_a_row_says_that_the_generator_was_the_limit() -> None:
    assert cells(measured("int8", cpu=0.97), {})["note"] == "generator was the limit (97% of its core)"
    assert cells(measured("int8", cpu=0.90), {})["note"] == ""


def test_a_row_says_what_dominates_it_and_that_it_is_void() -> None:
    row = cells(voided(measured("int16x8")), {"int16x8": "int8"})
    assert row["note"] == "VOID (generator); dominated by int8"


def test_what_is_not_known_is_a_dash() -> None:
    row = cells(changed(measured("int8"), requests=0, answers=0), {})
    assert (row[SPEED], row["req/s"]) == ("-", "-")
    row = cells(measured("int8", accuracy=None, model_ms=None), {})
    assert (row["accuracy (95%)"], row["effective"], row["model"]) == ("-", "-", "-")


def test_every_load_is_set_against_float32_with_as_many_rows_in_cost_and_in_throughput() -> None:
    loads = document([measured("float32", 8, 1000), measured("int8", 8, 2500)]).results
    for title in (COST_RATIO, SPEED_RATIO):
        column = [cells(load, {})[title] for load in loads]
        assert column[0] == "1"
        assert column[1].startswith("2.50 (2.4")
        assert cells(measured("int8"), {})[title] == "-"


def test_rows_per_core_second_stand_before_throughput_and_are_left_out_where_nobody_knows_them() -> None:
    ours = document([measured("float32"), measured("int8")])
    titles = list(lines(ours)[0])
    assert titles[:7] == ["variant", "rows", COST, COST_RATIO, SPEED, SPEED_RATIO, DIFFERENCE]
    strange = document([_strange(load) for load in ours.results])
    assert not {COST, COST_RATIO} & set(lines(strange)[0])
    assert {SPEED, SPEED_RATIO} <= set(lines(strange)[0])


@pytest.mark.parametrize(
    ("scenario", "peaks", "first"),
    [
        ("users", False, [COST, COST_RATIO, SPEED, SPEED_RATIO]),
        ("offline", False, [COST, COST_RATIO, SPEED, SPEED_RATIO]),
        ("single_stream", False, ["p50 ms", "p50 x"]),
        ("server", False, ["goodput/s", "goodput x", "p99 ms", "p99 x"]),
        ("server", True, ["peak req/s", "peak x"]),
        ("rise", False, ["goodput/s", "goodput x"]),
        ("spike", False, ["goodput/s", "goodput x"]),
    ],
)
def test_what_told_the_variants_apart_comes_first_with_its_ratio_and_the_matrix_is_of_that(
    scenario: str, peaks: bool, first: list[str]
) -> None:
    loads = [
        measured(name, rows_per_s=rate, scenario=scenario, peak=peak(rate, rate) if peaks else None)
        for name, rate in (("float32", 1000.0), ("int8", 3000.0))
    ]
    report = document(loads)
    assert list(lines(report)[1])[2:][: len(first) + 1] == [*first, DIFFERENCE]
    assert matrix(report, 1)[1]["/ float32"] == lines(report)[1][first[1]]
    assert SPEED_RATIO in first or not peaks or SPEED_RATIO not in lines(report)[1]


def test_where_no_turn_counts_the_row_says_why_there_is_no_rate() -> None:
    lost = changed(measured("int8"), requests=0, answers=0, p99_ms=None, latency=None, throughput=None)
    assert cells(lost, {})["note"] == "no turn counts: cost alone is known"
    assert cells(changed(lost, cost=None), {})["note"] == ""
    assert "no turn counts" not in cells(measured("int8"), {})["note"]


def test_the_legend_tells_only_of_columns_that_are_there() -> None:
    assert "rows/core-s: rows that a second" in legend([COST, COST_RATIO])
    assert "x: so many times that of float32" in legend([COST, COST_RATIO])
    assert legend(["p99 ms"]) == "in brackets 95% intervals; ~ is not told apart"


def test_a_column_is_left_out_only_where_it_tells_nothing() -> None:
    titles = set(lines(document([measured("float32")]))[0])
    assert not {COST_RATIO, SPEED_RATIO, DIFFERENCE} & titles
    assert {"rows", "p50 ms", "failed", "note"} <= titles  # which are all 1, all 1, all 0, and all empty


def test_a_row_says_how_far_its_accuracy_is_from_that_of_float32_and_what_that_proves() -> None:
    difference = AccuracyDifference(-0.0166, -0.02, -0.013, 10_000)
    against = AgainstReference(cost=None, throughput=None, p99=None, accuracy=difference)
    load = changed(measured("weight_int4"), against_reference=against)
    worse, open_ = (
        {"weight_int4": Certificate(judgement, Estimate(0.92, 0.91, 0.93), difference, 1e-9, None)}
        for judgement in ("worse", "not enough rows to tell")
    )
    assert cells(load, {}, worse)[DIFFERENCE] == "-1.7 (-2.0 to -1.3)"
    assert cells(load, {"weight_int4": "int8"}, worse)["note"] == "less accurate; dominated by int8"
    assert cells(load, {}, open_)["note"] == "accuracy not proven"
    assert cells(voided(load), {}, open_)["note"] == "VOID (generator); accuracy not proven"


def test_a_row_says_how_calm_the_machine_was_and_where_a_user_got_few_answers() -> None:
    row = cells(changed(measured("int8"), grade=ROUGH, answers_per_user=7.25), {})
    assert (row["grade"], row["note"]) == ("rough", "a user got under ten answers in a turn (7.2)")
    assert cells(changed(measured("int8"), grade=None, answers_per_user=None), {})["grade"] == "-"
    assert cells(changed(measured("int8"), answers_per_user=10.0), {})["note"] == ""


def test_a_ratio_that_is_not_told_apart_is_marked() -> None:
    assert ratio_cell(Estimate(1.02, 0.97, 1.07)) == "~ 1.02 (0.97-1.07)"
    assert ratio_cell(Estimate(2.7, 2.61, 2.79)) == "2.70 (2.61-2.79)"
    assert ratio_cell(Estimate.unbounded(2.7)) == "~ 2.70"
    assert ratio_cell(None) == "-"


def test_a_peak_has_a_column_and_says_where_the_generator_ended_it() -> None:
    load = changed(measured("int8"), scenario="server", peak=peak(5000.0, 5000.0, limited_by="generator"))
    assert cells(load, {})["peak req/s"] == "> 5,000 (5,000-5,000)"
    none = changed(measured("int8"), scenario="server", peak=peak(None, None))
    assert cells(none, {})["peak req/s"] == "-"


def test_a_single_stream_shows_p90_as_well() -> None:
    row = cells(changed(measured("int8"), scenario="single_stream"), {})
    titles = list(row)
    assert titles.index("p90 ms") == titles.index("p50 ms") + 1
    assert row["p90 ms"] == "1.5"
    assert "p90 ms" not in cells(measured("int8"), {})


def test_offline_shows_the_share_of_what_the_interpreter_does_alone() -> None:
    load = changed(measured("int8", 512), scenario="offline", offline=Offline(40_000.0, 0.251))
    row = cells(load, {})
    assert row["of interpreter"] == "25.1%"
    assert cells(changed(load, offline=None), {})["of interpreter"] == "-"
    assert "of interpreter" not in cells(measured("int8"), {})


def test_the_matrix_sets_each_variant_against_each_other_in_cost_or_without_it_in_throughput() -> None:
    ours = document([measured("float32", rows_per_s=1000), measured("int8", rows_per_s=4000)])
    strange = document([_strange(load) for load in ours.results])
    begin = "Rows per core-second of the row's variant over the column's"
    assert matrix_sentence(ours).startswith(begin)
    assert matrix_sentence(strange).startswith("Throughput of the row's variant")
    for report in (ours, strange):
        first, second = matrix(report, 1)
        assert first["/ float32"] == ""
        assert first["/ int8"].startswith("0.25 (0.2")
        assert second["/ float32"] == cells(report.results[1], {})[SPEED_RATIO]
        assert matrix(report, 32) == []


def test_the_matrix_of_a_search_sets_peaks_against_each_other() -> None:
    loads = [
        changed(measured(name), scenario="server", peak=peak(rate, rate * 1.01))
        for name, rate in (("float32", 1000.0), ("int8", 3000.0))
    ]
    report = document(loads)
    assert matrix_sentence(report).startswith("Peak rate of the row's variant")
    assert matrix(report, 1)[1]["/ float32"].startswith("3.0")


def test_the_matrix_leaves_out_what_is_dominated_but_not_float32() -> None:
    report = document([measured(name) for name in ("float32", "int8", "int16x8")])
    verdict = replace(report.verdict, dominated={"float32": "int8", "int16x8": "int8"})
    lines_ = matrix(report.model_copy(update={"verdict": verdict}), 1)
    assert [list(line) for line in lines_] == [["variant", "/ float32", "/ int8"]] * 2


def test_the_size_of_the_file_and_the_memory_cannot_be_taken_for_each_other() -> None:
    row = cells(measured("int8"), {})
    assert {"file KB", "memory MB"} <= set(row)
    assert Bounds(max_mb=1).sentence == "a file of at most 1 MB"


def test_a_peak_says_in_how_many_of_its_searches_it_was_confirmed() -> None:
    load = changed(measured("int8"), scenario="server", peak=peak(900.0, None, 1000.0))
    assert cells(load, {})["peak req/s"] == "900 (900-1,000) (confirmed in 2 of 3)"
    assert "confirmed" not in cells(changed(load, peak=peak(900.0, 950.0)), {})["peak req/s"]
