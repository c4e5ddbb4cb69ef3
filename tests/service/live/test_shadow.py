"""A second variant answers a share of the requests as well, when nobody waits, and harms nobody."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundle.normalizer import FloatArray
from service.engine.job import Answer
from service.live.shadow import Shadow
from service.wire.message import Rows
from tests.service.engine.asking import submit
from tests.service.live.conftest import Pair, WithPair
from tests.service.repository.deployed import until


class Shadowed:
    """A shadow of the pair's first variant, and how many rows it is told that wait."""

    def __init__(self, pair: Pair, variant: str = "int8", share: float = 1.0, seed: int = 1) -> None:
        self.pair = pair
        self.waiting_rows = 0
        self.shadow = Shadow(
            variant,
            share,
            registry=pair.there.registry,
            waiting_rows=lambda: self.waiting_rows,
            tallies=pair.tallies,
            chance=Random(seed),
        )

    async def answer(self, rows: Rows, variant: str = "float32") -> Answer:
        """Have rows answered, and let the shadow hear of that."""
        primary = self.pair.variant(variant)
        answer = await submit(primary.batcher, rows)
        self.shadow.offer(primary, rows, answer)
        return answer

    def count(self, outcome: str) -> int:
        return sum(count for of, count in self.shadow.outcomes.items() if of[-1] == outcome)

    async def until(self, outcome: str, count: int) -> None:
        await until(lambda: self.count(outcome) >= count)
        assert self.count(outcome) == count


def test_each_request_counts_with_the_share_of_rows_that_both_give_the_same_label(
    with_pair: WithPair, rows: FloatArray
) -> None:
    strange = np.concatenate([rows, np.random.default_rng(3).random((40, 64), np.float32) * 16])

    async def body(pair: Pair) -> None:
        shadowed = Shadowed(pair)
        one = (await submit(pair.variant("float32").batcher, strange)).best
        other = (await submit(pair.variant("int8").batcher, strange)).best
        await shadowed.answer(strange)
        await shadowed.until("compared", 1)
        assert pair.metric("_successes") == pytest.approx(np.equal(one, other).mean())
        await shadowed.answer(rows[:1])
        await shadowed.until("compared", 2)
        assert pair.metric("_trials") == 2

    with_pair(body)


def test_while_somebody_waits_nothing_is_run_and_what_waits_is_bounded(
    with_pair: WithPair, rows: FloatArray
) -> None:
    async def body(pair: Pair) -> None:
        shadowed = Shadowed(pair)
        shadowed.waiting_rows = 1
        calls = pair.variant("int8").batcher.calls
        for _ in range(80):
            await shadowed.answer(rows)
        await asyncio.sleep(0.02)  # for timers to have come and gone
        assert pair.variant("int8").batcher.calls == calls
        assert shadowed.count("skipped") == 16
        shadowed.waiting_rows = 0
        await until(lambda: shadowed.count("compared") >= 2)

    with_pair(body)


def test_rows_that_wait_take_no_more_than_so_many_bytes(with_pair: WithPair, rows: FloatArray) -> None:
    async def body(pair: Pair) -> None:
        shadowed = Shadowed(pair)
        shadowed.waiting_rows = 1
        answer = await submit(pair.variant("float32").batcher, np.resize(rows, (128, 64)))
        wide = np.zeros((128, 2000), np.float32)  # a megabyte
        for _ in range(6):
            shadowed.shadow.offer(pair.variant("float32"), wide, answer)
        assert shadowed.count("skipped") == 2

    with_pair(body)


def test_of_many_rows_some_are_drawn(with_pair: WithPair, rows: FloatArray) -> None:
    async def body(pair: Pair) -> None:
        shadowed = Shadowed(pair)
        many = np.resize(rows, (1000, 64)).astype(np.float32)
        batcher = pair.variant("int8").batcher
        await shadowed.answer(many)
        await shadowed.until("compared", 1)
        assert pair.metric("_trials") == 1
        assert pair.metric("_successes") <= 1
        assert batcher.inline_rows < 1000

    with_pair(body)


def test_what_waits_holds_on_to_no_variant_that_was_unloaded(with_pair: WithPair, rows: FloatArray) -> None:
    async def body(pair: Pair) -> None:
        shadowed = Shadowed(pair)
        shadowed.waiting_rows = 1
        await shadowed.answer(rows)
        former = weakref.ref(pair.variant("int8"))
        await pair.there.registry.unload("digits", "int8")
        await shadowed.until("skipped", 1)
        gc.collect()
        assert former() is None

    with_pair(body)


def test_a_variant_is_not_compared_with_itself(with_pair: WithPair, rows: FloatArray) -> None:
    async def body(pair: Pair) -> None:
        shadowed = Shadowed(pair)
        await shadowed.answer(rows, "int8")
        await shadowed.answer(rows)
        await shadowed.until("compared", 1)
        assert sum(shadowed.shadow.outcomes.values()) == 1

    with_pair(body)


def test_a_variant_that_is_not_loaded_is_loaded_for_it(with_pair: WithPair, rows: FloatArray) -> None:
    async def body(pair: Pair) -> None:
        shadowed = Shadowed(pair, "float16")
        await shadowed.answer(rows)
        assert shadowed.count("skipped") == 1
        await until(lambda: "float16" in pair.there.registry.models["digits"][1].servables)
        await shadowed.answer(rows)
        await shadowed.until("compared", 1)

    with_pair(body)


def test_one_that_was_unloaded_by_hand_stays_so(with_pair: WithPair, rows: FloatArray) -> None:
    async def body(pair: Pair) -> None:
        shadowed = Shadowed(pair)
        await pair.there.registry.unload("digits", "int8")
        await shadowed.answer(rows)
        await asyncio.sleep(0)
        assert shadowed.count("skipped") == 1
        assert "int8" not in pair.there.registry.models["digits"][1].servables

    with_pair(body)


def test_a_variant_that_no_model_has_is_told_once(
    with_pair: WithPair, rows: FloatArray, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(pair: Pair) -> None:
        shadowed = Shadowed(pair, "int7")
        for _ in range(3):
            await shadowed.answer(rows)
        await until(lambda: "int7" in caplog.text)

    with caplog.at_level(logging.WARNING, "service"):
        with_pair(body)
    assert caplog.text.count("--shadow names 'int7', which cannot answer for digits") == 1


def test_a_variant_that_fails_is_counted_told_once_and_goes_on(
    with_pair: WithPair, rows: FloatArray, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def predict(self, rows: FloatArray) -> FloatArray:
            raise RuntimeError("the graph broke")

    async def body(pair: Pair) -> None:
        shadowed = Shadowed(pair)
        batcher: Any = pair.variant("int8").batcher
        batcher._idle = [Broken(), Broken()]
        for count in (1, 2):
            await shadowed.answer(rows)
            await shadowed.until("failed", count)
        await shadowed.answer(rows)
        await shadowed.until("compared", 1)

    with caplog.at_level(logging.WARNING, "service"):
        with_pair(body)
    assert caplog.text.count("the graph broke") == 1


@given(st.sampled_from([0.01, 0.05, 0.5, 0.9]), st.integers(0, 100))
def test_the_share_that_is_picked_is_the_one_that_was_set(share: float, seed: int) -> None:
    nothing: Any = None
    shadow = Shadow(
        "int8", share, registry=nothing, waiting_rows=lambda: 0, tallies=nothing, chance=Random(seed)
    )
    gaps = [shadow._gap() for _ in range(2000)]
    assert min(gaps) >= 1
    error = np.sqrt((1 - share) / 2000)  # of the mean, relative
    assert np.mean(gaps) * share == pytest.approx(1, abs=5 * error)
