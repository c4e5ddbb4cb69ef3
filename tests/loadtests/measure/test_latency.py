from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from loadtests.measure.latency import Latency, bounded


@given(st.lists(st.floats(0, 10), min_size=1, max_size=200), st.sampled_from([50, 90, 95, 99]))
def test_a_percentile_is_the_smallest_sample_with_that_share_at_or_below_it(
    seconds: list[float], percent: int
) -> None:
    ordered = np.sort(np.array(seconds))
    by_hand = next(
        one for one in ordered.tolist() if 100 * np.count_nonzero(ordered <= one) >= percent * len(ordered)
    )
    found = bounded(ordered, percent)
    assert found.value == by_hand
    assert found.low <= found.value <= found.high
    assert {found.low, found.high} <= set(ordered.tolist())


def test_the_interval_holds_the_true_percentile_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    truth = {50: np.log(2), 90: np.log(10), 99: np.log(100)}  # of the exponential distribution
    for percent, value in truth.items():
        held = sum(value in bounded(np.sort(random.exponential(size=1000)), percent) for _ in range(400))
        assert held / 400 > 0.92


def test_latencies_in_seconds_become_milliseconds() -> None:
    latency = Latency.of(np.arange(1, 101) / 1000)
    assert (latency.p50_ms.value, latency.p90_ms.value, latency.p99_ms.value) == (50.0, 90.0, 99.0)
