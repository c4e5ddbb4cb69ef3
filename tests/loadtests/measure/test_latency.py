from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from loadtests.measure.latency import Latency


@given(st.lists(st.floats(0, 10), min_size=1, max_size=200))
def test_a_percentile_is_the_smallest_latency_with_that_share_at_or_below_it(seconds: list[float]) -> None:
    latency = Latency.of(np.array(seconds))
    ordered = (np.sort(np.array(seconds)) * 1000).tolist()
    for percent in (50, 90, 95, 99):
        found = getattr(latency, f"p{percent}_ms")
        assert found.value == next(
            one for one in ordered if 100 * sum(other <= one for other in ordered) >= percent * len(ordered)
        )
        assert {found.low, found.high} <= {*ordered, -math.inf, math.inf}


def test_latencies_in_seconds_become_milliseconds() -> None:
    latency = Latency.of(np.arange(1, 101) / 1000)
    assert (latency.p50_ms.value, latency.p90_ms.value, latency.p99_ms.value) == (50.0, 90.0, 99.0)


def test_below_459_requests_the_upper_end_of_p99_is_not_known() -> None:
    assert Latency.of(np.full(458, 0.004)).p99_ms.high == math.inf
    assert Latency.of(np.full(459, 0.004)).p99_ms.high == 4.0
