"""By what a variant is faster: the figure of its scenario, over all its loads, in the blocks of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from evidence.estimate import Estimate
from evidence.paired import Yardstick
from loadtests.experiment.measured import Measured
from loadtests.experiment.peak.search import RESOLUTION, Peak, peak_of
from loadtests.judge.bounds import Bounds
from loadtests.judge.contrast import PEAK, Contrasts, ratio_of_peaks_of_runs
from loadtests.judge.speed import Lead, Speeds, axes_of
from loadtests.judge.verdict import judge
from loadtests.workload.scenarios import COST, GOODPUT, P50, P99, THROUGHPUT
from tests.loadtests.results import accuracies, changed, judged, measured, peak, searched


def _lead(
    ours: Sequence[Measured], theirs: Sequence[Measured], weights: dict[int, float] | None = None
) -> Lead:
    bounds = Bounds(weights=weights or {})
    return Speeds(Contrasts(), [*ours, *theirs], bounds).lead(list(zip(ours, theirs, strict=True)))


def costing(load: Measured, rows_per_core_s: float, *, scatter: Sequence[float] = (1.0,) * 4) -> Measured:
    """Return a load with another cost, and how far that scatters."""
    blocks = [
        replace(one, rows_per_core_s=rows_per_core_s * by)
        for one, by in zip(load.blocks, scatter, strict=True)
    ]
    ends = rows_per_core_s * min(scatter), rows_per_core_s * max(scatter)
    return changed(load, blocks=blocks, cost=Estimate(rows_per_core_s, *ends))


def within(load: Measured, goodput: float) -> Measured:
    """Return a load of which so many requests a second were in time."""
    return changed(load, blocks=[replace(one, goodput_per_s=goodput) for one in load.blocks])


@pytest.mark.parametrize(
    ("scenario", "axes"),
    [
        ("users", (COST, THROUGHPUT)),
        ("offline", (COST, THROUGHPUT)),
        ("single_stream", (P50,)),
        ("server", (GOODPUT, P99)),
        ("rise", (GOODPUT,)),
        ("spike", (GOODPUT,)),
    ],
)
def test_every_scenario_has_its_figure(scenario: str, axes: tuple[str, ...]) -> None:
    assert axes_of([measured("int8", scenario=scenario)]) == axes


def test_where_the_service_is_not_ours_it_is_throughput_and_after_a_search_the_peak() -> None:
    assert axes_of([measured("int8"), changed(measured("float32"), cost=None)]) == (THROUGHPUT,)
    assert axes_of([measured("int8", scenario="server", peak=peak(5.0))]) == (PEAK,)


def test_an_interval_is_as_sure_as_the_look_at_which_the_run_stopped() -> None:
    pair = measured("int8", rows_per_s=2000), measured("float32")
    wide, narrow = (Contrasts((), confidence=one).throughput(*pair) for one in (0.99, 0.9))
    assert wide is not None
    assert narrow is not None
    assert wide.low < narrow.low < 2 < narrow.high < wide.high


def test_rows_that_were_late_are_no_speed() -> None:
    late = within(measured("int8", rows_per_s=1100, scenario="spike", scatter=(1.0,)), 0.0)
    timely = within(measured("float32", rows_per_s=1000, scenario="spike", scatter=(1.0,)), 1000.0)
    assert judged([timely, late]).recommended == "float32"
    assert judged([late, timely]).recommended == "float32"


def test_an_open_loop_is_ranked_by_what_was_in_time_and_then_by_p99() -> None:
    def served(name: str, goodput: float, p99_ms: float) -> Measured:
        return within(measured(name, p99_ms=p99_ms, scenario="server"), goodput)

    assert judged([served("float32", 100.0, 9.0), served("int8", 100.0, 3.0)]).recommended == "int8"
    assert judged([served("float32", 100.0, 9.0), served("int8", 60.0, 3.0)]).recommended == "float32"
    answer = judged([served("float32", 100.0, 9.0), served("int8", 100.0, 3.0)]).sentences[0]
    assert "Ship `int8`: 0.33 times (0.33 to 0.34) the p99 of `float32`" in answer


def test_the_cheaper_is_the_faster_and_where_only_one_figure_tells_it_is_named() -> None:
    noisy = (0.5, 1.6, 0.7, 1.2)
    dear = measured("float32", rows_per_s=1000, size=1000, scatter=noisy)
    cheap = costing(measured("int8", rows_per_s=1100, size=1000), 4000.0)
    verdict = judged([costing(dear, 2000.0), cheap])
    assert verdict.recommended == "int8"
    assert verdict.sentences[0].startswith("Ship `int8`: 2.00 times (2.00 to 2.00) the rows per core-second")
    assert any(one.endswith("only the processor time tells them apart.") for one in verdict.sentences)
    unsure = [costing(measured("float32", rows_per_s=1000), 2000.0, scatter=noisy)]
    verdict = judged([*unsure, costing(measured("int8", rows_per_s=3000), 2200.0)])
    assert verdict.sentences[0].startswith("Ship `int8`: 3.00 times (2.96 to 3.04) the throughput")
    assert any(one.endswith("only the throughput tells them apart.") for one in verdict.sentences)


def test_where_cost_and_throughput_contradict_each_other_it_is_said_and_throughput_decides() -> None:
    wide = costing(measured("float32", rows_per_s=3000), 1000.0)
    verdict = judged([wide, costing(measured("int8", rows_per_s=1000), 2000.0)])
    assert verdict.recommended == "float32"
    verdict = judged(
        [costing(measured("float32"), 2000.0), costing(measured("int8", rows_per_s=3000), 1000.0)]
    )
    assert verdict.recommended == "int8"
    assert any("they contradict each other, and the throughput, which" in one for one in verdict.sentences)


class TestAllLoadsCount:
    LOADS = (
        measured("float32", 1, 100),
        measured("float32", 32, 5000),
        measured("int8", 1, 30),
        measured("int8", 32, 5300),
    )

    def test_what_is_a_little_faster_at_32_rows_and_far_slower_at_1_is_not_shipped(self) -> None:
        verdict = judged(self.LOADS)
        assert verdict.recommended == "float32"
        assert any("0.30 times with 1 row, 1.06 times with 32 rows" in one for one in verdict.sentences)

    def test_a_ratio_is_over_all_loads_as_they_are_weighted(self) -> None:
        pairs = self.LOADS[2:], self.LOADS[:2]
        assert _lead(*pairs).ratio.value == pytest.approx((0.3 * 1.06) ** 0.5, rel=0.01)
        assert _lead(*pairs, {1: 0.1, 32: 0.9}).ratio.value == pytest.approx(0.3**0.1 * 1.06**0.9, rel=0.01)
        assert _lead(*pairs, {1: 1, 32: 9}).ratio.value == pytest.approx(0.3**0.1 * 1.06**0.9, rel=0.01)

    def test_weights_decide_and_each_load_is_told_nevertheless(self) -> None:
        loads = [*self.LOADS[:2], measured("int8", 1, 80), measured("int8", 32, 10_000)]
        assert judged(loads, Bounds(weights={1: 0.99, 32: 0.01})).recommended == "float32"
        verdict = judged(loads, Bounds(weights={1: 0.1, 32: 0.9}))
        assert verdict.recommended == "int8"
        assert "over all loads (0.80 times with 1 row, 2.00 times with 32 rows)" in verdict.sentences[0]


class TestPeaks:
    def _searched(self, name: str, found: Peak) -> Measured:
        return measured(name, scenario="server", peak=found)

    def _ratio(self, ours: Peak, theirs: Peak) -> Estimate:
        ratio = Contrasts().throughput(self._searched("int8", ours), self._searched("float32", theirs))
        assert ratio is not None
        return ratio

    def test_peaks_are_told_apart_by_searches_side_by_side_and_no_sharper_than_these_are(self) -> None:
        slow = peak(1000.0, 900.0, 1100.0)
        found = self._ratio(peak(3000.0, 2700.0, 3300.0), slow)  # both scatter alike
        ends = (3.0, 3.0 / RESOLUTION, 3.0 * RESOLUTION)
        assert (found.value, found.low, found.high) == pytest.approx(ends)
        assert 1 in self._ratio(peak(1040.0, 936.0, 1144.0), slow)
        assert 1 in self._ratio(peak(1200.0, 1320.0, 1080.0), slow)  # each search found another ratio

    def test_a_peak_that_the_generator_ended_tells_nothing_apart(self) -> None:
        found = self._ratio(peak(3000.0, 3000.0, limited_by="generator"), peak(1000.0, 1000.0))
        assert found.value == pytest.approx(3.0)
        assert not found.is_bounded

    def test_a_peak_that_was_confirmed_once_in_three_does_not_beat_one_that_was_thrice(self) -> None:
        loads = [
            self._searched(name, peak_of([searched(limit) for limit in limits]))
            for name, limits in (("float32", (1000.0, 1000.0, 1000.0)), ("int8", (9000.0, None, None)))
        ]
        for order in (loads, loads[::-1]):
            verdict = judged(order)
            assert verdict.recommended == "float32"
            assert "float32" not in verdict.dominated

    def test_a_ratio_of_peaks_is_of_the_searches_that_were_confirmed_and_it_takes_two(self) -> None:
        slow = peak(1000.0, 900.0, 1100.0)
        twice = self._ratio(peak(3000.0, None, 3300.0), slow)
        ends = (3.0, 3.0 / RESOLUTION, 3.0 * RESOLUTION)
        assert (twice.value, twice.low, twice.high) == pytest.approx(ends)
        once = self._ratio(peak(3000.0), slow)
        assert once.value == pytest.approx(3.0)
        assert not once.is_bounded
        assert ratio_of_peaks_of_runs(peak(3000.0), slow, 0.95) == Estimate.unbounded(3.0)
        assert ratio_of_peaks_of_runs(peak(3000.0, None, None), slow, 0.95) is None

    def test_the_highest_peak_is_shipped(self) -> None:
        loads = [
            self._searched("float32", peak(2000.0, 2000.0, 2000.0)),
            self._searched("int8", peak(5000.0, 5000.0, 5000.0)),
            self._searched("slow", peak(None, None, None)),
        ]
        verdict = judged(loads)
        assert verdict.sentences[0].startswith("Ship `int8`: 2.50 times (2.38 to 2.6")
        assert "`int8` came to peak 5,000 requests/s at p99 of 10 ms" in "".join(verdict.sentences)
        alone = judged([loads[2]], Bounds(min_accuracy=0.1))
        assert alone.sentences[0].startswith("No variant meets accuracy 0.1; the nearest is `slow`: no rate")


def test_every_load_is_set_against_float32_with_as_many_rows() -> None:
    loads = [measured("float32"), measured("int8", rows_per_s=2000), measured("int8", 32)]
    compared = Contrasts((), accuracies(loads)).with_reference(loads)
    assert compared[0].against_reference is None
    assert compared[1].against_reference is not None
    assert compared[1].against_reference.cost is not None
    assert compared[1].against_reference.cost.value == pytest.approx(2.0, rel=0.01)
    assert compared[2].against_reference is not None
    assert compared[2].against_reference.throughput is None  # there is no float32 with 32 rows
    assert judge(loads[:1]).recommended is not None


@pytest.mark.parametrize("scenario", ["single_stream", "server"])
def test_where_no_turn_of_one_counts_the_cost_is_all_that_is_known_of_every_one(scenario: str) -> None:
    known = measured("float32", scenario=scenario)
    unknown = measured("int8", scenario=scenario).model_copy(update={"answers": 0})
    assert COST not in axes_of([known, known])
    assert axes_of([known, unknown]) == (COST,)
    assert axes_of([unknown.model_copy(update={"cost": None}), known]) != (COST,)


def test_a_block_in_which_no_turn_counts_says_nothing_of_goodput() -> None:
    """Its goodput of 0 is not that of a service which answered nothing in time."""
    one, other = (measured(name, scenario="rise", scatter=(1.0,)) for name in ("float32", "int8"))
    lost = [replace(block, turns=0, void_turns=1, goodput_per_s=0.0) for block in one.blocks]
    ratio = Contrasts().known(GOODPUT, other, changed(one, blocks=lost))
    assert ratio is not None
    assert ratio.value == pytest.approx(1.0)
    late = [replace(block, goodput_per_s=0.0) for block in one.blocks]
    ratio = Contrasts().known(GOODPUT, other, changed(one, blocks=late))
    assert ratio is not None
    assert ratio.value > 1000


def test_the_faster_of_two_systems_is_to_be_taken() -> None:
    loads = [costing(measured("slow", rows_per_s=1000), 2000.0), costing(measured("quick"), 4000.0)]
    verdict = judged(loads, yardstick=Yardstick("slow", noun="system"))
    assert verdict.sentences[0].startswith("Take `quick`: ")
