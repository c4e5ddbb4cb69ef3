"""What a shadow does to latency, by numbers."""

from __future__ import annotations

from benchmarks.load.open_loop import Arrivals
from benchmarks.parts.shadow import figures


def arrivals(p50_us: float, p99_us: float) -> Arrivals:
    return Arrivals(count=1000, seconds=1.0, p50_us=p50_us, p99_us=p99_us)


def test_a_shadow_is_compared_with_the_service_without_in_the_same_round() -> None:
    rounds = [
        {0.0: arrivals(100, 400), 1.0: arrivals(101, 416)},
        {0.0: arrivals(200, 1000), 1.0: arrivals(200, 1020)},
        {1.0: arrivals(100, 9000)},  # the other was void
    ]
    found = {figure.name: figure for figure in figures(rounds, {1.0: 55.0})}
    assert found["share 1: p99 / without"].values == (1.04, 1.02)
    assert found["share 1: p99 / without"].is_met
    assert found["share 1: p50 / without"].values == (1.01, 1.0)
    assert found["share 1: requests compared"].values == (55.0,)


def test_a_p99_that_is_more_than_a_twentieth_later_misses_the_aim() -> None:
    rounds = [{0.0: arrivals(100, 400), 0.05: arrivals(100, 424)}]
    assert figures(rounds, {0.05: 1.0})[0].is_met is False


def test_where_no_pair_is_left_there_is_only_the_count() -> None:
    assert [one.name for one in figures([{1.0: arrivals(1, 2)}], {1.0: 5.0})] == [
        "share 1: requests compared"
    ]
