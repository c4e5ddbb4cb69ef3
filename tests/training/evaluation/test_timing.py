from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluation.timing import interleave


class Clock:
    """A clock that moves only when a timed call says how long it took, in microseconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []

    def call(self, name: str, microseconds: int) -> Callable[[], None]:
        def run() -> None:
            self.now += microseconds / 1e6
            self.calls.append(name)

        return run


@given(st.integers(100, 50_000), st.integers(100, 50_000))
def test_calls_are_timed_in_turns_until_each_has_had_its_budget(fast: int, slow: int) -> None:
    clock = Clock()
    calls = {"fast": clock.call("fast", fast), "slow": clock.call("slow", slow)}
    seconds = interleave(calls, budget_s=0.1, turn_s=0.01, clock=lambda: clock.now)
    for name, each in (("fast", fast), ("slow", slow)):
        assert seconds[name] == pytest.approx([each / 1e6] * len(seconds[name]))
        assert len(seconds[name]) >= 3
        assert 0.1 <= sum(seconds[name]) + 1e-9 <= 0.1 + max(0.02 + each / 1e6, 3 * each / 1e6)


def test_variants_take_turns() -> None:
    clock = Clock()
    interleave({n: clock.call(n, 4000) for n in "ab"}, budget_s=0.02, turn_s=0.01, clock=lambda: clock.now)
    assert "".join(clock.calls) == "aaabbb" + "aaabbb" * 2  # warm-up, then three calls a turn
