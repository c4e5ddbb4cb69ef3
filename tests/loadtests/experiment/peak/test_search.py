from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.experiment.peak.search import RATE_MIN, RESOLUTION, Peak, Search, peak_of
from loadtests.experiment.peak.trial import Trial
from tests.loadtests.results import searched


def _trial(rate: float, *, holds: bool, is_void: bool = False) -> Trial:
    return Trial(rate, 1000, 0 if holds else 500, rate, 1.0, 5.0, 0.9, holds, is_void)


def _run(
    answer: Callable[[float, int], Trial], start: float = 500.0, *, is_near: bool = False
) -> tuple[Peak, list[int]]:
    search, seeds = Search(start, 10.0, seed=1, is_near=is_near), []
    while (attempt := search.next()) is not None:
        seeds.append(attempt.seed)
        assert len(seeds) < 100, "it does not end"
        search.take(answer(attempt.rate, len(seeds)))
    return search.peak(), seeds


@given(st.floats(RATE_MIN, 100_000))
def test_the_peak_of_a_service_with_a_sharp_limit_is_found_within_the_resolution(limit: float) -> None:
    peak, seeds = _run(lambda rate, _: _trial(rate, holds=rate <= limit))
    assert peak.confirmed
    assert peak.limited_by == "service"
    assert peak.requests_per_s is not None
    assert limit / RESOLUTION <= peak.requests_per_s <= limit
    assert len(set(seeds)) == len(seeds)  # a fresh draw for each attempt, the confirming one too


def test_a_lucky_rate_that_does_not_hold_again_is_not_the_peak() -> None:
    def answer(rate: float, number: int) -> Trial:
        return _trial(rate, holds=rate <= (1100 if number < 8 else 1000))  # the eighth is to confirm

    peak, _ = _run(answer)
    assert peak.confirmed
    assert peak.requests_per_s is not None
    assert 0.9 * 1000 <= peak.requests_per_s <= 1000


@given(st.floats(500, 5000), st.floats(0.7, 1.4))
def test_a_search_that_begins_near_the_peak_finds_it_in_fewer_attempts(limit: float, off: float) -> None:
    near, attempts = _run(lambda rate, _: _trial(rate, holds=rate <= limit), limit * off, is_near=True)
    _, from_below = _run(lambda rate, _: _trial(rate, holds=rate <= limit), 50.0)
    assert near.requests_per_s is not None
    assert limit / RESOLUTION <= near.requests_per_s <= limit
    assert len(attempts) < len(from_below)


def test_a_peak_that_does_not_hold_again_is_lowered_by_ever_more_until_one_does() -> None:
    def answer(rate: float, number: int) -> Trial:
        return _trial(rate, holds=rate <= (1100 if number < 8 else 600))  # the machine became slower

    peak, _ = _run(answer)
    assert peak.confirmed
    assert peak.requests_per_s is not None
    assert 300 <= peak.requests_per_s <= 600


def test_the_median_of_several_searches_is_the_peak_and_each_of_them_is_kept() -> None:
    searches = [Search(start, 10.0, seed=index) for index, start in enumerate((500.0, 500.0, 500.0))]
    for search, limit in zip(searches, (1000, 1400, 1200), strict=True):
        while (attempt := search.next()) is not None:
            search.take(_trial(attempt.rate, holds=attempt.rate <= limit))
    peak, each = peak_of(searches), [one.peak() for one in searches]
    assert peak.passes == tuple(one.requests_per_s for one in each)
    assert peak.requests_per_s == each[2].requests_per_s
    assert len(peak.trials) == sum(len(one.trials) for one in each)
    assert peak.confirmed
    never = Search(500.0, 10.0, seed=1)
    never.give_up("it is slow")
    assert not peak_of([*searches, never]).confirmed


def test_a_search_that_was_not_confirmed_counts_as_one_that_found_no_rate() -> None:
    once = peak_of([searched(3000), searched(None), searched(None)])
    assert once.requests_per_s is None
    assert once.why == "a rate held twice in 1 of 3 searches only"
    twice = peak_of([searched(3000), searched(None), searched(2000)])
    assert twice.requests_per_s == pytest.approx(2000, rel=0.05)
    assert (twice.why, twice.confirmed) == ("", False)
    assert list(twice.held) == [0, 2]


def test_a_service_that_never_holds_has_no_peak() -> None:
    peak, seeds = _run(lambda rate, _: _trial(rate, holds=False))
    assert (peak.requests_per_s, peak.confirmed) == (None, False)
    assert len(seeds) < 15
    assert min(trial.rate for trial in peak.trials) == RATE_MIN


def test_a_slow_service_has_its_peak_far_below_the_rate_at_which_the_search_began() -> None:
    peak, _ = _run(lambda rate, _: _trial(rate, holds=rate <= 0.4), start=10.0)
    assert peak.confirmed
    assert peak.why == ""
    assert peak.requests_per_s is not None
    assert 0.4 / RESOLUTION <= peak.requests_per_s <= 0.4


def test_a_search_without_a_peak_says_why_and_whether_another_may_find_one() -> None:
    search = Search(10.0, 10.0, seed=1)
    while (attempt := search.next()) is not None:
        search.take(_trial(attempt.rate, holds=False))
    assert search.is_hopeless
    assert peak_of([search]).why == "not even 0.1 requests a second held"
    unlucky, _ = _run(lambda rate, number: _trial(rate, holds=rate <= (1100 if number < 8 else 0)))
    assert unlucky.why == "no rate held twice"


def test_a_search_that_is_given_up_tries_nothing_and_finds_no_peak() -> None:
    search = Search(500.0, 10.0, seed=1)
    search.give_up("it is slow")
    assert search.next() is None
    peak = search.peak()
    assert (peak.requests_per_s, peak.confirmed, peak.trials) == (None, False, ())
    assert peak.why == "it is slow"


def test_a_generator_that_cannot_follow_makes_the_peak_a_lower_bound() -> None:
    peak, _ = _run(lambda rate, _: _trial(rate, holds=True, is_void=rate > 3000))
    assert peak.limited_by == "generator"
    assert peak.requests_per_s == pytest.approx(3000, rel=0.06)


def test_one_void_trial_is_repeated_before_it_counts() -> None:
    peak, _ = _run(lambda rate, number: _trial(rate, holds=rate <= 2000, is_void=number == 2))
    assert peak.limited_by == "service"
    assert peak.requests_per_s == pytest.approx(2000, rel=0.06)
