from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundle.runtimes import open_runtime
from bundle.store import ModelStore
from training.errors import TimingError
from training.evaluation import stopwatch
from training.evaluation.timing import Timing, interleave


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
        assert len(seconds[name]) >= 7
        spent = (clock.calls.count(name) - 3) * each / 1e6
        assert 0.1 <= spent + 1e-9 <= 0.1 + max(0.02 + each / 1e6, 7 * (0.01 + each / 1e6))


def test_a_round_is_a_turn_of_every_variant_in_an_order_drawn_anew() -> None:
    clock = Clock()
    calls = {name: clock.call(name, 4000) for name in "abc"}
    medians = interleave(calls, budget_s=0.12, turn_s=0.01, clock=lambda: clock.now)
    assert clock.calls[:9] == list("aaabbbccc")  # warm-up
    turns = "".join(clock.calls[9:][::3])  # three calls a turn
    rounds = [turns[start : start + 3] for start in range(0, len(turns), 3)]
    assert {"".join(sorted(one)) for one in rounds} == {"abc"}
    assert len(set(rounds)) > 1
    assert {len(found) for found in medians.values()} == {len(rounds)} == {10}


def test_a_time_has_the_interval_of_its_rounds_and_a_ratio_that_of_the_pairs() -> None:
    one, other = Timing((4.0, 8.0, 4.0, 8.0, 5.0)), Timing((8.0, 16.0, 8.0, 16.0, 10.0))
    assert one.row_us.low < one.row_us.value < one.row_us.high
    ratio = other.ratio_to(one)
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((2, 2, 2))


def test_one_call_that_was_held_up_does_not_move_its_turn() -> None:
    clock, waits = Clock(), iter([1000] * 3 + [1000, 1000, 9000] * 100)

    def call() -> None:
        clock.now += next(waits) / 1e6

    found = interleave({"a": call}, budget_s=0.1, turn_s=0.01, clock=lambda: clock.now)["a"]
    assert found == pytest.approx([0.001] * len(found))


def test_tensorflow_that_has_every_core_is_timed_in_a_process_where_it_has_one_thread(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = ModelStore(models).open("breast_cancer")
    monkeypatch.setattr(stopwatch, "_is_bound", lambda: False)
    asked: list[Path] = []

    def apart(folder: Path) -> dict[str, object]:
        asked.append(folder)
        return {}

    monkeypatch.setattr(stopwatch, "time_apart", apart)
    runtimes = {name: open_runtime(bundle, name) for name in ("float32", "int8")}
    x = bundle.test_set()[0]
    assert list(stopwatch.time_variants(bundle, runtimes, x)) == ["float32", "int8"]  # one thread anyway
    assert asked == []
    stopwatch.time_variants(bundle, runtimes | {"tensorflow": runtimes["int8"]}, x)
    assert asked == [bundle.folder]


@pytest.mark.slow
def test_what_is_timed_apart_has_one_thread_each(models: Path) -> None:
    bundle = ModelStore(models).open("breast_cancer")
    program = """
import sys
from pathlib import Path
from training.evaluation import stopwatch
time_runtimes = stopwatch.time_runtimes
def bound(*given, **named):
    assert stopwatch._is_bound()
    return time_runtimes(*given, budget_s=0.01)
stopwatch.time_runtimes = bound
stopwatch._main(Path(sys.argv[1]))
"""
    times = stopwatch.time_apart(bundle.folder, command=(sys.executable, "-c", program))
    assert list(times) == [variant.name for variant in bundle.manifest.variants]
    assert all(one.row_us.is_bounded for of in times.values() for one in of.values())


def test_a_process_that_cannot_time_says_why(tmp_path: Path) -> None:
    with pytest.raises(TimingError, match=r"could not be timed: .*is not a version folder"):
        stopwatch.time_apart(tmp_path)
