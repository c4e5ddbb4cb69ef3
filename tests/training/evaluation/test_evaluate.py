from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluation.evaluate import interleave, log_loss, score

Y = np.array([0, 0, 1, 1, 2, 2])
RIGHT = np.eye(3, dtype=np.float32)[Y]


def test_a_variant_that_is_always_right_scores_one() -> None:
    scores = score(Y, RIGHT, RIGHT)
    assert (scores.accuracy, scores.precision, scores.recall, scores.f1, scores.agreement) == (1, 1, 1, 1, 1)
    assert scores.log_loss == pytest.approx(0, abs=1e-6)
    assert scores.accuracy_low == pytest.approx(0.6097, abs=1e-4)  # Wilson, 6 of 6


def test_scores_are_those_worked_out_by_hand() -> None:
    predicted = np.eye(3, dtype=np.float32)[[0, 1, 1, 1, 0, 1]]  # class 2 is never predicted
    scores = score(Y, predicted, RIGHT)
    assert scores.rows == 6
    assert scores.accuracy == scores.agreement == pytest.approx(3 / 6)
    assert scores.precision == pytest.approx((1 / 2 + 2 / 4 + 0) / 3)
    assert scores.recall == pytest.approx((1 / 2 + 2 / 2 + 0) / 3)
    assert scores.f1 == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)


def test_agreement_is_with_float32_and_not_with_the_truth() -> None:
    wrong = np.roll(RIGHT, 1, axis=1)
    scores = score(Y, wrong, wrong)
    assert (scores.accuracy, scores.agreement) == (0, 1)


def test_classes_that_do_not_occur_do_not_count() -> None:
    assert score(np.array([0, 1]), RIGHT[[0, 2]], RIGHT[[0, 2]]).recall == 1


def test_log_loss_is_in_nats_and_finite_where_the_true_class_has_nothing() -> None:
    p = np.array([[0.5, 0.5], [0.25, 0.75]], np.float32)
    assert log_loss(np.array([0, 1]), p) == pytest.approx((np.log(2) - np.log(0.75)) / 2)
    assert log_loss(np.array([1]), np.array([[1, 0]], np.float32)) == pytest.approx(-np.log(1e-7), rel=1e-3)


def test_log_loss_of_rows_that_do_not_sum_to_one_is_of_their_shares() -> None:
    p = np.array([[0.6, 0.6]], np.float32)
    assert log_loss(np.array([0]), p) == pytest.approx(np.log(2))


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
