from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.estimate import Estimate
from loadtests.report.pictures.spots import (
    COST,
    GOODPUT,
    LATENCY,
    MEDIAN,
    PEAK,
    SPEED,
    Figure,
    accuracy_of,
    cost,
    figures,
    limits,
    p99,
    shown,
    stairs,
    throughput,
)
from tests.loadtests.results import changed, document, measured, peak, voided

POINTS = st.lists(st.tuples(st.floats(10, 1e4), st.floats(0.5, 1), st.integers(1, 9)), min_size=1, max_size=6)


def test_cost_and_throughput_have_the_intervals_of_the_blocks_and_p99_that_of_the_samples() -> None:
    load = measured("int8", rows_per_s=1000, p99_ms=3.0)
    assert cost(load) == load.cost
    assert throughput(load) == load.throughput
    assert p99(load) == Estimate(3.0, 2.7, 3.3000000000000003)


def test_an_end_that_is_not_known_does_not_stretch_the_axis() -> None:
    open_ended = changed(measured("int8"), cost=Estimate(1000.0, -inf, inf))
    closed = changed(measured("float32"), cost=Estimate(900.0, 890.0, 910.0))
    assert limits(document([open_ended, closed]), COST) == [1000.0, 890.0, 900.0, 910.0]


@given(POINTS)
def test_the_front_runs_through_what_is_not_grey_and_nothing_of_that_lies_beyond_it(
    points: list[tuple[float, float, int]],
) -> None:
    names = ["float32", *(f"v{number}" for number in range(len(points) - 1))]
    report = document(
        [
            measured(name, rows_per_s=speed, accuracy=accuracy, size=size)
            for name, (speed, accuracy, size) in zip(names, points, strict=True)
        ]
    )
    loads = shown(report, 1, SPEED)
    corners = stairs(report, loads, SPEED, (1.0, 1e5), 0.0)
    assert corners[0][1] == 0.0
    assert corners[-1][0] == 1.0
    coloured = [one for one in loads if one.variant not in report.verdict.dominated]
    for load in coloured:
        own = accuracy_of(report, load)
        assert own is not None
        above = [accuracy for speed, accuracy in corners if speed >= load.rows_per_s]
        assert max(above, default=0.0) >= own.value


def test_accuracy_is_that_of_all_test_rows_where_it_is_known_and_else_that_of_the_load() -> None:
    load, unanswered = measured("int8", accuracy=0.9), measured("float32", accuracy=None)
    report = document([load, unanswered])
    certificates = report.verdict.certificates
    assert accuracy_of(report, load) == certificates["int8"].accuracy != load.accuracy
    assert accuracy_of(report, unanswered) is None


def test_a_load_of_which_no_turn_counts_for_speed_is_shown_by_its_cost_alone() -> None:
    costly = measured("int8", accuracy=0.9)
    silent = changed(costly, accuracy=None, latency=None, throughput=None, requests=0, answers=0)
    report = document([costly]).model_copy(update={"results": [silent]})
    assert [len(shown(report, 1, figure)) for figure in (COST, SPEED, LATENCY)] == [1, 0, 0]


def test_accuracy_without_a_certificate_is_that_of_the_load() -> None:
    load = measured("int8", accuracy=0.9)
    report = document([load])
    verdict = replace(report.verdict, certificates={})
    assert accuracy_of(report.model_copy(update={"verdict": verdict}), load) == load.accuracy


def test_of_latency_less_is_better() -> None:
    report = document([measured("float32", p99_ms=9, accuracy=0.9), measured("int8", p99_ms=3, accuracy=0.8)])
    corners = stairs(report, shown(report, 1, LATENCY), LATENCY, (1.0, 100.0), 0.5)
    assert corners == [(3, 0.5), (3, 0.8), (9, 0.8), (9, 0.9), (100.0, 0.9)]


def test_what_is_void_makes_no_front() -> None:
    report = document([voided(measured("float32"))])
    assert stairs(report, shown(report, 1, SPEED), SPEED, (1.0, 1e5), 0.0) == []


def test_cost_comes_first_and_throughput_takes_its_place_where_the_service_is_not_ours() -> None:
    assert figures(document([measured("int8")])) == (COST, SPEED, LATENCY)
    assert figures(document([changed(measured("int8"), cost=None)])) == (SPEED, LATENCY)


def test_an_open_loop_is_shown_by_its_peak_and_never_by_the_throughput_of_its_schedule() -> None:
    opened = changed(measured("int8"), scenario="server")
    assert figures(document([opened])) == (COST, LATENCY)
    report = document([changed(opened, peak=peak(5000.0, 4800.0, 5100.0))])
    assert figures(report) == (PEAK, COST, LATENCY)
    assert PEAK.of(report.results[0]) == Estimate(5000.0, 4800.0, 5100.0)


@pytest.mark.parametrize(
    ("scenario", "first"), [("rise", GOODPUT), ("spike", GOODPUT), ("single_stream", MEDIAN)]
)
def test_what_told_the_variants_apart_is_drawn_first(scenario: str, first: Figure) -> None:
    report = document([measured(name, scenario=scenario) for name in ("float32", "int8")])
    assert figures(report)[0] is first
    assert len(shown(report, 1, first)) == 2
    assert first not in figures(document([measured("float32")]))
