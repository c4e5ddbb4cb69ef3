"""With more work than the service can do, goodput, latency, refusals and memory are told by numbers."""

from __future__ import annotations

import pytest

from benchmarks.load.open_loop import Arrivals
from benchmarks.parts.overload import SHARES, figures, profile
from benchmarks.plan import Plan
from benchmarks.report.result import Result
from bundle.bundle import Bundle


def arrivals(answered: int, *, offered: int, refused: int = 0, failed: int = 0) -> Arrivals:
    return Arrivals(
        answered,
        1.0,
        1000.0,
        20_000.0,
        0.5,
        offered=offered,
        refused=refused,
        failed=failed,
        resident_bytes=100 * 2**20,
    )


def test_goodput_is_a_share_of_the_most_of_its_round() -> None:
    rounds = [
        {1.0: arrivals(100, offered=100), 2.0: arrivals(120, offered=200, refused=79, failed=1)},
        {1.0: arrivals(100, offered=100), 2.0: arrivals(80, offered=200, refused=120)},
    ]
    found = {figure.name: figure.values for figure in figures(rounds)}
    assert found["1 x the peak: goodput / most"] == pytest.approx((100 / 120, 1.0))
    assert found["2 x the peak: goodput / most"] == (1.0, 0.8)
    assert found["2 x the peak: goodput, requests/s"] == (120.0, 80.0)
    assert found["2 x the peak: p99 of what was answered, ms"] == (20.0, 20.0)
    assert found["2 x the peak: refused, share"] == (0.395, 0.6)
    assert found["2 x the peak: failed, share"] == (0.005, 0.0)
    assert found["2 x the peak: memory, MB"] == (100.0, 100.0)


def test_a_load_that_was_void_leaves_the_others_of_its_round_standing() -> None:
    rounds = [
        {1.0: arrivals(100, offered=100)},
        {1.0: arrivals(90, offered=100), 3.0: arrivals(60, offered=300)},
    ]
    found = {figure.name: figure.values for figure in figures(rounds)}
    assert found["1 x the peak: goodput, requests/s"] == (100.0, 90.0)
    assert found["3 x the peak: goodput / most"] == pytest.approx((60 / 90,))
    assert not any(name.startswith("2 x") for name in found)


@pytest.mark.slow
def test_the_service_is_offered_up_to_three_times_its_peak(plan: Plan, bundle: Bundle) -> None:
    result = Result("overload", "")
    profile(plan, result, bundle, "int8")
    assert result.figures[0].name == "peak, requests/s"
    assert result.figures[0].median > 10
    [samples] = result.samples.values()
    assert list(samples) == [f"{share:g} x the peak" for share in SHARES]
    measured = [one for those in samples.values() for one in those]
    # Whatever a busy machine made void is named, and the rest stands.
    assert len(measured) + len(result.void) == len(SHARES)
    for one in measured:
        assert isinstance(one, Arrivals)
        assert one.offered > one.refused + one.failed
        assert (one.resident_bytes or 0) > 2**20
