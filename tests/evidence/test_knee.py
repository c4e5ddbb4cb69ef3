from __future__ import annotations

import pytest

from evidence.knee import knee


def test_the_knee_of_a_queue_is_where_waiting_takes_over() -> None:
    rates = [100, 200, 300, 400, 500, 600, 700, 800, 900, 990]
    waits = [1 / (1 - rate / 1000) for rate in rates]  # M/M/1
    assert knee(rates, waits) == rates.index(900)


@pytest.mark.parametrize(
    ("rates", "latencies"),
    [
        ([1, 2, 3, 4], [1, 2, 3, 4]),
        ([1, 2, 3, 4], [4, 3, 2, 1]),
        ([1, 2, 3], [1, 1, 9]),
        ([1, 2, 3, 4], [1, 1, float("nan"), 9]),
        ([], []),
    ],
    ids=["straight", "falling", "too few", "unknown", "none"],
)
def test_a_curve_that_does_not_bend_has_none(rates: list[float], latencies: list[float]) -> None:
    assert knee(rates, latencies) is None
