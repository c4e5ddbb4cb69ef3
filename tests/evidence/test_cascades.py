from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.cascades import Cascade, Choice, Shown, choose
from evidence.estimate import Estimate
from evidence.paired import Pairs, tango

ROWS = 60
LEVELS = 5  # of confidence: few enough that many rows share one


@st.composite
def ladders(draw: st.DrawFn) -> dict[str, Shown]:
    """Draw a reference and one to three others that are right where it is, but for a few rows."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    reference = random.random(ROWS) < 0.8
    found = {}
    for name, cost in zip(
        "abcd", draw(st.lists(st.integers(1, 9), min_size=2, max_size=4, unique=True)), strict=False
    ):
        differs = random.random(ROWS) < draw(st.sampled_from([0.0, 0.05, 0.15, 0.4]))
        sure = random.integers(0, LEVELS, ROWS) / LEVELS
        found[name] = Shown(reference ^ differs, sure.astype(np.float32), cost)
    found["a"] = Shown(reference, found["a"].confidence, found["a"].cost)
    return found


margins = st.sampled_from([0.15, 0.2, 0.3, 0.4])


def answered(shown: dict[str, Shown], first: str, second: str, threshold: float) -> np.ndarray:
    """Return which rows the cascade gets right."""
    goes_on = shown[first].confidence < np.float32(threshold)
    return np.where(goes_on, shown[second].right, shown[first].right)


def holds(right: np.ndarray, reference: np.ndarray, margin: float) -> bool:
    return Pairs.of(right, reference).difference.is_more_than(-margin)


def will_hold(right: np.ndarray, reference: np.ndarray, margin: float) -> bool:
    """Tell whether other rows would show that it holds, four times in five."""
    pairs = Pairs.of(right, reference)
    return tango(pairs.gained, pairs.lost, pairs.rows, 1.959964 + 2**0.5 * 0.841621).is_more_than(-margin)


def by_brute_force(shown: dict[str, Shown], margin: float) -> float:
    """Return what the cheapest cascade costs, of every pair and threshold, by the definition."""
    least = np.inf
    for first, one in shown.items():
        for second, other in shown.items():
            if one.cost >= other.cost:
                continue
            for threshold in sorted(set(one.confidence.tolist()), reverse=True)[:-1]:
                if not will_hold(answered(shown, first, second, threshold), shown["a"].right, margin):
                    break
                share = float((one.confidence < np.float32(threshold)).mean())
                least = min(least, one.cost + share * other.cost)
    return least


@given(ladders(), margins)
def test_no_pair_and_no_threshold_that_holds_is_cheaper(shown: dict[str, Shown], margin: float) -> None:
    assert choose(shown, "a", margin).cost == pytest.approx(by_brute_force(shown, margin))


@given(ladders(), margins)
def test_what_is_chosen_holds_the_margin_and_so_does_whatever_hands_more_on(
    shown: dict[str, Shown], margin: float
) -> None:
    cascade = choose(shown, "a", margin).cascade
    if cascade is None:
        return
    sure = shown[cascade.first].confidence
    assert cascade.escalates(sure).mean() == cascade.escalated.value
    assert 0 < cascade.escalated.low < cascade.escalated.value < cascade.escalated.high
    for threshold in {one for one in sure.tolist() if one >= cascade.threshold}:
        right = answered(shown, cascade.first, cascade.second, threshold)
        assert will_hold(right, shown["a"].right, margin)


@given(ladders(), margins)
def test_the_single_variant_to_beat_is_the_cheapest_that_is_no_worse(
    shown: dict[str, Shown], margin: float
) -> None:
    reference = shown["a"].right
    costs = {
        name: one.cost for name, one in shown.items() if name == "a" or holds(one.right, reference, margin)
    }
    choice = choose(shown, "a", margin)
    assert (choice.single, choice.single_cost) == (
        min(costs, key=lambda name: costs[name]),
        min(costs.values()),
    )


def test_the_rows_that_the_first_is_least_sure_of_go_on_and_no_more_than_must() -> None:
    reference = np.ones(1000, bool)
    sure = np.linspace(0.1, 1, 1000, dtype=np.float32)
    shown = {
        "large": Shown(reference, np.ones(1000, np.float32), 10.0),
        "small": Shown(np.arange(1000) >= 200, sure, 2.0),
    }
    choice = choose(shown, "large", 0.01)
    cascade = choice.cascade
    assert cascade is not None
    assert (cascade.first, cascade.second, choice.single, choice.pays) == ("small", "large", "large", True)
    lows = [tango(0, lost, 1000, 3.1502).low for lost in (0, 1)]
    assert lows[0] > -0.01 > lows[1]
    assert cascade.escalated.value == 0.2
    assert choice.cost == pytest.approx(2 + 0.2 * 10)
    assert cascade.escalates(sure).tolist() == [True] * 200 + [False] * 800


def test_too_few_rows_to_tell_are_no_cascade() -> None:
    right, sure = np.ones(100, bool), np.linspace(0.1, 1, 100, dtype=np.float32)
    choice = choose({"large": Shown(right, sure, 10.0), "small": Shown(right, sure, 2.0)}, "large", 0.01)
    assert choice == Choice("large", 10.0, None, np.inf)
    assert not choice.pays


def test_two_variants_that_cost_nearly_as_much_as_one_do_not_pay() -> None:
    cascade = Cascade("small", "large", 0.5, Estimate(0.2, 0.1, 0.3))
    assert not Choice("large", 10.0, cascade, 9.6).pays
    assert Choice("large", 10.0, cascade, 9.4).pays


def test_a_threshold_survives_being_written_down() -> None:
    sure = np.array([0.1, 0.3, 0.7], np.float32)
    cascade = Cascade("small", "large", float(repr(float(sure[1]))), Estimate(0.2, 0.1, 0.3))
    assert cascade.escalates(sure).tolist() == [True, False, False]


def test_what_is_chosen_is_certified_on_as_many_other_rows_four_times_in_five() -> None:
    random = np.random.default_rng(11)

    def drawn(rows: int = 3000) -> dict[str, Shown]:
        """Draw a large variant, and a small one that errs as often as it says it does."""
        sure = random.uniform(0.5, 1, rows).astype(np.float32)
        return {
            "large": Shown(random.random(rows) < 0.9, np.ones(rows, np.float32), 10.0),
            "small": Shown(random.random(rows) < sure, sure, 2.0),
        }

    passed = []
    for _ in range(150):
        cascade = choose(drawn(), "large", 0.03).cascade
        assert cascade is not None
        other = drawn()
        right = answered(other, "small", "large", cascade.threshold)
        passed.append(holds(right, other["large"].right, 0.03))
    assert 0.72 < np.mean(passed) < 0.88
