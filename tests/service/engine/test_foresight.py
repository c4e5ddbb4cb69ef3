"""What is to be expected beyond what is expected."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.foresight import Foresight


def test_hardly_any_answer_is_later_than_by_what_was_learned() -> None:
    random, foresight, late = Random(1), Foresight(), 0
    for number in range(20_000):
        took_us = 1000 + random.expovariate(1 / 500)
        late += number > 1000 and took_us > 1000 + foresight.over_us
        foresight.learn(1000, took_us)
    assert late / 19_000 == pytest.approx(0.05, abs=0.02)


def test_one_late_answer_changes_little_and_many_all() -> None:
    foresight = Foresight()
    foresight.learn(1000, 1e9)
    assert foresight.over_us < 100
    for _ in range(60):
        foresight.learn(1000, 50_000)
    assert foresight.over_us > 10_000


def test_what_is_over_is_forgotten_by_answers_in_time_and_by_the_clock() -> None:
    foresight = Foresight()
    foresight.over_us = 8000.0
    foresight.forget(3.0)
    assert foresight.over_us == pytest.approx(1000)
    for _ in range(1000):
        foresight.learn(1000, 900)
    assert foresight.over_us < 20


@given(st.lists(st.tuples(st.floats(0, 1e9), st.floats(0, 1e9)), max_size=200))
def test_no_answer_makes_it_negative_or_infinite(answers: list[tuple[float, float]]) -> None:
    foresight = Foresight()
    for expected_us, took_us in answers:
        foresight.learn(expected_us, took_us)
        assert 0 <= foresight.over_us < float("inf")
