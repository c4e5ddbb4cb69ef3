"""What a choice costs, by numbers."""

from __future__ import annotations

import pytest

from benchmarks.measure.sample import Sample
from benchmarks.parts.auto import figures


@pytest.mark.parametrize(("server_s", "is_met"), [(0.102, True), (0.104, False)])
def test_a_choice_may_cost_three_hundredths_of_a_request(server_s: float, is_met: bool) -> None:
    samples = {
        "auto": [Sample(1000, 1.0, 100.0, 0.0, server_s=server_s)],
        "pinned": [Sample(1000, 1.0, 100.0, 0.0, server_s=0.1)],
    }
    spent, rates, *_ = figures(samples)
    assert spent.median == pytest.approx(server_s / 0.1)
    assert (spent.is_met, rates.is_met) == (is_met, None)
