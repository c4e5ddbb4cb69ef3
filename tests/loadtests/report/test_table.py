from __future__ import annotations

from evidence.estimate import Estimate
from loadtests.experiment.measured import Offline
from loadtests.judge.budget import Budget
from loadtests.judge.contrast import Contrasts
from loadtests.report.table import cells, matrix, ratio_cell
from tests.loadtests.results import changed, document, measured, peak, voided


def test_a_row_says_that_the_generator_was_the_limit() -> None:
    assert cells(measured("int8", cpu=0.97), {})["note"] == "generator was the limit (97% of its core)"
    assert cells(measured("int8", cpu=0.90), {})["note"] == ""


def test_a_row_says_what_dominates_it_and_that_it_is_void() -> None:
    row = cells(voided(measured("int16x8")), {"int16x8": "int8"})
    assert row["note"] == "VOID (generator); dominated by int8"


def test_what_is_not_known_is_a_dash() -> None:
    row = cells(measured("int8", accuracy=None, model_ms=None), {})
    assert (row["accuracy (95%)"], row["effective"], row["model"]) == ("-", "-", "-")


def test_every_load_is_set_against_float32_with_as_many_rows() -> None:
    loads = document([measured("float32", 8, 1000), measured("int8", 8, 2500)]).results
    column = [cells(load, {})["times float32 (95%)"] for load in loads]
    assert column[0] == "1"
    assert column[1].startswith("2.50 (2.4")
    assert cells(measured("int8"), {})["times float32 (95%)"] == "-"


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
    titles = list(row)
    assert titles.index("of interpreter") == titles.index("rows/s") + 1
    assert row["of interpreter"] == "25.1%"
    assert cells(changed(load, offline=None), {})["of interpreter"] == "-"
    assert "of interpreter" not in cells(measured("int8"), {})


def test_the_matrix_sets_each_variant_against_each_other() -> None:
    loads = [measured("float32", rows_per_s=1000), measured("int8", rows_per_s=4000)]
    first, second = matrix(loads, Contrasts())
    assert first["/ float32"] == ""
    assert first["/ int8"].startswith("0.25 (")
    assert second["/ float32"].startswith("4.00 (")


def test_the_size_of_the_file_and_the_memory_cannot_be_taken_for_each_other() -> None:
    row = cells(measured("int8"), {})
    assert {"file KB", "memory MB"} <= set(row)
    assert Budget(max_mb=1).sentence == "a file of at most 1 MB"


def test_a_peak_says_in_how_many_of_its_searches_it_was_confirmed() -> None:
    load = changed(measured("int8"), scenario="server", peak=peak(900.0, None, 1000.0))
    assert cells(load, {})["peak req/s"] == "900 (900-1,000) (confirmed in 2 of 3)"
    assert "confirmed" not in cells(changed(load, peak=peak(900.0, 950.0)), {})["peak req/s"]
