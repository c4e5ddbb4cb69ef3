"""What chooses is set against the best single variant at each rate, by requests sent at the same moments."""

from __future__ import annotations

import pytest

from loadtests.experiment.measured import ScoredLoad
from loadtests.experiment.steps.step import Sent, steps_of
from loadtests.judge.steps.contrast import contrasts_of, mean_difference, worst_of
from tests.loadtests.results import changed, measured
from tests.loadtests.sending import BOUND_MS, sent


def scored(variant: str, *ends: str, chosen: str = "", void: int = -1) -> ScoredLoad:
    """Return a load of two seeds, whose requests ended so at each rate; that at `void` does not count."""
    windows: list[Sent] = [
        sent(one, place=place, seed=seed, chosen=chosen, is_void=place == void)
        for place, one in enumerate(ends)
        for seed in (0, 1)
    ]
    load = changed(
        measured(variant, rows=2, scenario="ramp"), steps=steps_of(windows, BOUND_MS), bound_ms=BOUND_MS
    )
    return ScoredLoad(load, sent=tuple(windows))


def test_at_each_rate_the_best_single_variant_is_what_is_compared_with() -> None:
    loads = [
        scored("auto", "r", "w", "w", chosen="int8"),
        scored("float32", "r", "l", "l"),
        scored("int8", "w", "w", "r"),
        scored("cascade", "r", "r", "r"),  # no single variant
    ]
    found = contrasts_of(loads, 0.05)
    assert [(one.best, one.judgement) for one in found] == [
        ("float32", "no worse"),
        ("int8", "no worse"),
        ("int8", "below"),
    ]
    assert [one.difference.value for one in found] == pytest.approx([0.0, 0.0, -0.5])


def test_what_is_above_by_more_than_chance_is_above_and_what_scatters_is_not_told_apart() -> None:
    loads = [scored("auto", "r", "rrrrrrw", chosen="x"), scored("int8", "w", "rrwrrrr")]
    above, unknown = contrasts_of(loads, 0.001)
    assert (above.judgement, unknown.judgement) == ("above", "not told apart")


def test_it_is_no_worse_than_the_best_where_that_is_shown_of_each_that_may_be_the_best() -> None:
    scatters = "r" * 20 + "l" * 20  # it is less by 25 points, and nobody knows whether it is
    loads = [scored("auto", "rl" * 20, chosen="x"), scored("int8", "rl" * 20), scored("float32", scatters)]
    (found,) = contrasts_of(loads[:2], 0.05)
    assert (found.judgement, found.best) == ("no worse", "int8")
    (found,) = contrasts_of(loads, 0.05)
    assert (found.judgement, found.best) == ("not told apart", "float32")
    assert found.difference.low < -0.05


def test_rates_that_do_not_count_are_not_compared() -> None:
    loads = [scored("auto", "l", "r", chosen="x", void=0), scored("int8", "r", "r", void=0)]
    assert [one.share for one in contrasts_of(loads, 0.01)] == pytest.approx([0.2])
    assert mean_difference(*loads).value == 0.0  # type: ignore[union-attr]


def test_without_a_single_variant_there_is_nothing_to_compare_with() -> None:
    assert contrasts_of([scored("auto", "r", chosen="x")], 0.01) == ()
    assert contrasts_of([scored("int8", "r")], 0.01) == ()
    assert mean_difference(scored("a", "r"), scored("b", "r", void=0)) is None


def test_the_worst_rate_of_each_is_told_as_proteus_does() -> None:
    loads = [scored("float32", "r", "rl").load, scored("int8", "w", "w").load]
    first, second = worst_of(loads)
    assert (first.accuracy_drop, first.missed_most, first.missed) == pytest.approx((0.0, 0.5, 0.25))
    assert (second.accuracy_drop, second.missed_most) == pytest.approx((0.5, 0.0))
    assert (first.effective_accuracy, second.effective_accuracy) == pytest.approx((0.75, 0.5))


def test_the_most_accurate_is_so_over_all_rates_that_count() -> None:
    loads = [scored("float32", "w", "r", void=1).load, scored("int8", "w", "rwww").load]
    first, second = worst_of(loads)
    assert first.accuracy_drop == pytest.approx(0.5625 - 0.5)
    assert second.accuracy_drop == pytest.approx(0.5625 - 0.5)
