"""What is counted of live requests is forgotten with its variants, and told where it is a surprise."""

from __future__ import annotations

import logging

import pytest

from bundle.bundle import Bundle
from evidence.looks.sequence import confidence_sequence
from tests.service.live.conftest import Pair, WithPair


def test_counts_and_the_interval_are_shown_as_metrics(with_pair: WithPair) -> None:
    async def body(pair: Pair) -> None:
        pair.add(1.0, times=19)
        pair.add(0.5)
        interval = confidence_sequence(19.5, 20)
        assert pair.metric("_trials") == 20
        assert pair.metric("_successes") == 19.5
        assert pair.metric("", bound="share") == 0.975
        assert pair.metric("", bound="low") == pytest.approx(interval.low)
        assert pair.metric("", bound="high") == pytest.approx(interval.high)

    with_pair(body)


def test_as_long_as_variants_agree_as_on_the_test_rows_there_is_no_alarm(
    with_pair: WithPair, digits: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(pair: Pair) -> None:
        scores = digits.manifest.scores("int8")
        assert scores is not None
        for row in range(3000):
            pair.add(float(row % scores.rows >= scores.rows * (1 - scores.agreement)))
        assert pair.metric("_trials") == 3000
        assert pair.metric("_alarm") == 0

    with caplog.at_level(logging.WARNING, "service"):
        with_pair(body)
    assert "on the test rows" not in caplog.text


def test_a_loss_of_agreement_is_an_alarm_and_one_line_in_the_log(
    with_pair: WithPair, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(pair: Pair) -> None:
        pair.add(1.0, times=90)
        assert pair.metric("_alarm") == 0
        pair.add(0.0, times=10)
        assert pair.metric("_alarm") == 1
        pair.add(0.0, times=10)

    with caplog.at_level(logging.WARNING, "service"):
        with_pair(body)
    assert caplog.text.count("digits/1/float32/int8: live agreement is") == 1


@pytest.mark.parametrize("variant", ["float32", "int8"])
def test_what_was_counted_is_forgotten_when_either_variant_is_loaded_anew(
    with_pair: WithPair, variant: str
) -> None:
    async def body(pair: Pair) -> None:
        pair.add(1.0, times=5)
        former = pair.variant(variant)
        await pair.there.registry.unload("digits", variant)
        pair.tallies.add(1.0, former, former)
        assert pair.metric("_trials") == 0
        await pair.there.registry.resolve("digits", 1, variant)
        assert pair.variant(variant) is not former
        pair.add(1.0)
        assert pair.metric("_trials") == 1

    with_pair(body)


def test_what_was_counted_is_not_mixed_with_the_next_even_if_nobody_looks_between(
    with_pair: WithPair,
) -> None:
    async def body(pair: Pair) -> None:
        pair.add(0.0, times=5)
        await pair.there.registry.unload("digits", "int8")
        await pair.there.registry.resolve("digits", 1, "int8")
        pair.add(1.0)
        assert pair.metric("_successes") == pair.metric("_trials") == 1

    with_pair(body)
