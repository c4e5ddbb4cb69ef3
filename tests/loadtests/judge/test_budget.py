from __future__ import annotations

import pytest

from loadtests.errors import LoadTestError
from loadtests.judge.budget import Budget


def test_a_budget_says_its_bounds_in_words() -> None:
    assert Budget(p99_ms=2, min_accuracy=0.9).sentence == "p99 of 2 ms with accuracy 0.9"
    assert Budget(min_rps=5000, max_mb=1.5).sentence == "5,000 requests/s with a file of at most 1.5 MB"
    assert Budget(max_mb=3).sentence == "a file of at most 3 MB"


def test_no_bound_is_no_budget() -> None:
    assert not Budget()
    assert Budget(min_accuracy=0.0)


@pytest.mark.parametrize(
    ("bounds", "complaint"),
    [
        ({"p99_ms": 0}, "--p99-ms is 0; give a number above 0"),
        ({"min_rps": -1}, "--min-rps is -1"),
        ({"max_mb": float("inf")}, "--max-mb is inf"),
        ({"p99_ms": float("nan")}, "--p99-ms is nan"),
        ({"min_accuracy": 95}, "--min-accuracy is 95; give a share from 0 to 1, as 0.95"),
        ({"min_accuracy": float("nan")}, "--min-accuracy is nan"),
    ],
)
def test_a_bound_that_nothing_can_hold_is_refused(bounds: dict[str, float], complaint: str) -> None:
    with pytest.raises(LoadTestError) as refusal:
        Budget(**bounds)
    assert complaint in str(refusal.value)
