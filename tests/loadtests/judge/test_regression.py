from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from loadtests.errors import LoadTestError
from loadtests.experiment.measured import Measured
from loadtests.experiment.peak.search import Peak
from loadtests.judge.change import in_sentences
from loadtests.judge.document import Document
from loadtests.judge.regression import compare
from tests.loadtests.results import changed, document, measured, peak, voided


def _run(speed: float = 1.0, seed: int = 1, *, noise: float = 0.02, blocks: int = 5) -> Document:
    """Return a run of two variants whose blocks scatter as those of a machine do."""
    random = np.random.default_rng(seed)
    results = []
    for name, rows_per_s in (("float32", 1000.0), ("int8", 2500.0)):
        scatter: Sequence[float] = np.exp(random.normal(0, noise, blocks)).tolist()
        one = measured(name, 32, rows_per_s * speed, p99_ms=8.0 / speed, scatter=scatter)
        # A block that is quick has short latencies.
        slow = tuple(
            replace(part, p99_ms=8.0 / speed / by) for part, by in zip(one.blocks, scatter, strict=True)
        )
        results.append(changed(one, blocks=slow))
    return document(results)


def _findings(before: Document, after: Document) -> dict[tuple[str, str], str]:
    return {(one.variant, one.figure): one.finding for one in compare(before, after).changes}


@pytest.mark.parametrize("seed", range(20))
def test_two_runs_of_the_same_service_are_not_told_apart(seed: int) -> None:
    found = compare(_run(seed=seed), _run(seed=1000 + seed))
    assert {one.finding for one in found.changes} == {"not told apart"}
    assert not found.is_worse
    answer, sharpness = in_sentences(found)
    assert (
        answer == "Not told apart: no figure differs by more than the blocks scatter and the machine drifts."
    )
    assert re.search(r"would not have shown in every load: throughput \d+%, cost \d+%, p99 \d+%", sharpness)


@pytest.mark.parametrize("seed", range(20))
def test_a_service_that_became_15_per_cent_slower_is_told(seed: int) -> None:
    found = compare(_run(seed=seed), _run(0.85, seed=1000 + seed))
    worse = {(one.variant, one.figure) for one in found.named("worse")}
    assert worse >= {("all", "throughput"), ("float32", "throughput"), ("int8", "throughput")}
    assert found.is_worse
    assert in_sentences(found)[0].startswith("Worse: throughput of all (0.8")
    assert "throughput of float32 with 32 rows a request (0.8" in in_sentences(found)[0]


def test_what_is_true_of_all_loads_shows_with_few_blocks() -> None:
    def run(speed: float) -> Document:
        scatter = [speed * by for by in (0.96, 1.0, 1.04)]
        return document([measured(f"v{number}", scatter=scatter) for number in range(6)])

    found = compare(run(1.0), run(0.85)).changes
    assert {one.finding for one in found if one.variant == "all" and one.figure == "throughput"} == {"worse"}
    assert {one.finding for one in found if one.variant != "all"} == {"not told apart"}


def test_a_service_that_became_faster_is_better_and_not_worse() -> None:
    found = compare(_run(), _run(1.5, seed=2))
    assert {one.finding for one in found.changes} == {"better", "not told apart"}
    assert not found.is_worse
    assert in_sentences(found)[0].startswith("Better: throughput of all")


def test_less_than_the_tolerance_is_the_machines_however_sharp_the_interval() -> None:
    before, after = _run(noise=1e-4), _run(0.96, seed=2, noise=1e-4)
    assert set(_findings(before, after).values()) == {"not told apart"}
    assert compare(before, after, tolerance=0.01).is_worse


def test_the_interval_widens_with_the_number_of_figures_compared() -> None:
    before, after = _run(), _run(seed=2)
    alone = [document([_result_of(one, "int8")]) for one in (1, 2)]
    many = next(one for one in compare(before, after).changes if one.variant == "int8")
    few = next(one for one in compare(*alone).changes if one.variant == "int8")
    assert many.value == pytest.approx(few.value)
    assert many.low is not None
    assert few.low is not None
    assert many.low < few.low


def _result_of(seed: int, variant: str) -> Measured:
    """Return the same blocks as `_run` has for a variant."""
    load = next(one for one in _run(seed=seed).results if one.variant == variant)
    return changed(measured(variant, 32, 2500.0, p99_ms=8.0), blocks=tuple(load.blocks))


def test_a_loss_of_accuracy_beyond_its_interval_is_worse() -> None:
    before = document([measured("int8", accuracy=0.98, unique=10_000)])
    after = document([measured("int8", accuracy=0.96, unique=10_000)])
    found = compare(before, after)
    (accuracy,) = found.named("worse")
    assert accuracy.figure == "accuracy"
    assert accuracy.value == pytest.approx(-0.02)
    assert "accuracy of int8 with 1 row a request (-2.0 points" in in_sentences(found)[0]


def test_one_block_says_nothing() -> None:
    runs = [document([measured("int8", rows_per_s=speed, scatter=(1.0,))]) for speed in (100.0, 10.0)]
    found = compare(*runs)
    assert {one.figure for one in found.named("unknown")} == {"throughput", "cost", "p99"}
    assert not found.is_worse
    assert found.is_blind
    assert in_sentences(found)[0].startswith("Nothing can be told of speed: no figure has an interval")


def test_a_loss_of_accuracy_shows_in_one_block_too() -> None:
    runs = [document([measured("int8", accuracy=one, unique=10_000, scatter=(1.0,))]) for one in (0.98, 0.9)]
    found = compare(*runs)
    assert (found.is_worse, found.is_blind) == (True, False)


def _searched(found: Peak | None, p99_ms: float = 3.0) -> Document:
    names = ("float32", "int8")
    return document([changed(measured(name, p99_ms=p99_ms), scenario="server", peak=found) for name in names])


def test_latencies_at_rates_of_their_own_are_not_compared() -> None:
    findings = _findings(_searched(peak(5000.0, 4900.0, 5100.0), 3.0), _searched(peak(5050.0, 5050.0), 9.0))
    assert {figure for _, figure in findings} == {"peak", "accuracy"}
    assert set(findings.values()) == {"not told apart"}


def test_a_peak_that_is_no_longer_found_is_worse_and_the_other_way_round_better() -> None:
    there, gone = _searched(peak(5000.0, 5000.0)), _searched(peak(None, None))
    assert _findings(there, gone)["int8", "peak"] == "worse"
    assert _findings(gone, there)["int8", "peak"] == "better"
    assert in_sentences(compare(there, gone))[0].startswith(
        "Worse: peak of float32 with 1 row a request; peak of"
    )


def test_a_peak_that_only_one_run_looked_for_is_unknown() -> None:
    found = compare(_searched(peak(5000.0, 5000.0)), _searched(None))
    assert {one.finding for one in found.changes if one.figure == "peak"} == {"unknown"}
    assert {one.figure for one in found.changes} == {"peak", "accuracy"}
    assert found.is_blind


def test_peaks_are_compared_by_what_their_searches_scatter() -> None:
    def at(*held: float) -> Document:
        return document([changed(measured("int8"), scenario="server", peak=peak(*held))])

    findings = _findings(at(5000.0, 4950.0, 5050.0), at(4000.0, 3950.0, 4050.0))
    assert findings["int8", "peak"] == "worse"
    assert ("int8", "throughput") not in findings
    assert (
        _findings(at(5000.0, 4500.0, 5500.0), at(4000.0, 3600.0, 4600.0))["int8", "peak"] == "not told apart"
    )
    assert _findings(at(5000.0), at(4000.0))["int8", "peak"] == "unknown"  # one search has no interval


def test_what_only_one_report_has_is_named() -> None:
    before = document([measured("int8"), measured("float32")])
    after = document([measured("int8"), measured("int8", 32)])
    assert compare(before, after).missing == (
        "float32 with 1 row a request is only in the first report",
        "int8 with 32 rows a request is only in the second report",
    )


def test_a_load_that_the_second_report_lost_is_worse_and_one_that_it_gained_is_not() -> None:
    two, one = document([measured("int8"), measured("float32")]), document([measured("int8")])
    found = compare(two, one)
    assert found.lost == ("float32 with 1 row a request is only in the first report",)
    assert found.is_worse
    sentences = in_sentences(found)
    assert sentences[0] == "Worse: float32 with 1 row a request is only in the first report."
    assert sum("float32" in sentence for sentence in sentences) == 1
    gained = compare(one, two)
    assert (gained.lost, gained.is_worse) == ((), False)
    assert in_sentences(gained)[-1] == "float32 with 1 row a request is only in the second report."


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"machine": {"cpu": "Another", "cores": 2}}, "cpu A Processor against Another"),
        ({"machine": {"cpu": "A Processor", "cores": 1}}, "cores 2 against 1"),
        (
            {"cores": {"service": None, "generator": None}},
            "own core of the service yes against no; own core of the generator yes against no",
        ),
    ],
)
def test_what_is_not_alike_is_not_compared(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(LoadTestError) as refusal:
        compare(_run(), _run().model_copy(update=change))
    assert str(refusal.value) == f"the reports cannot be compared: {complaint}"


def test_other_cores_of_the_same_machine_are_as_good() -> None:
    assert not compare(
        _run(), _run().model_copy(update={"cores": {"service": [2], "generator": [3]}})
    ).is_worse


def test_a_void_report_proves_nothing() -> None:
    good, void = document([measured("int8")]), document([voided(measured("int8"))])
    with pytest.raises(LoadTestError, match="the second report is void for int8 with 1 row a request"):
        compare(good, void)


def test_reports_without_anything_in_common_are_refused() -> None:
    with pytest.raises(LoadTestError, match="no variant with the same number of rows"):
        compare(document([measured("int8", 1)]), document([measured("int8", 32)]))


@pytest.mark.parametrize("scenario", ["ramp", "bursts"])
def test_what_was_offered_at_ever_higher_rates_is_compared_within_a_run_alone(scenario: str) -> None:
    found = document([measured("int8", scenario=scenario)])
    with pytest.raises(LoadTestError, match=rf"reports of {scenario} are not compared: their rates are"):
        compare(found, found)
