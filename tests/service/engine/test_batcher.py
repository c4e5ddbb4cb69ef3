"""One call for all that waits: who shares it, who is left out, and what each one hears."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundle.normalizer import FloatArray
from bundle.runtimes.base import BATCH_MAX
from service.engine.batcher import Batcher
from service.engine.cost import Cost
from service.engine.job import Answer
from service.engine.lanes import Lanes
from service.errors import ExpiredError, InvalidRequestError, OverloadedError
from tests.patience import PATIENCE_S
from tests.service.engine.asking import Answering, give_up, submit


class FakeRuntime:
    """Answers each row (a, b) with itself, notes every call, fails on a row of -1, waits where told to."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.entered = threading.Semaphore(0)
        self.may_go = threading.Event()
        self.may_go.set()

    def predict(self, rows: FloatArray) -> FloatArray:
        self.calls.append(len(rows))
        self.entered.release()
        assert self.may_go.wait(PATIENCE_S)
        if (rows == -1).any():
            raise RuntimeError("the graph broke")
        return rows.copy()

    async def is_entered(self) -> None:
        """Wait until a call has begun."""
        assert await asyncio.to_thread(self.entered.acquire, timeout=PATIENCE_S)


@pytest.fixture
def runtime() -> FakeRuntime:
    return FakeRuntime()


Build = Callable[..., Batcher]


@pytest.fixture
def build(runtime: FakeRuntime) -> Iterator[Build]:
    """Build a batcher on the fake runtime; `slow=True` sends every call to a thread.

    `inline_us` is how many rows a call on the event loop may have, since a row costs a microsecond.
    """
    all_lanes = []

    def build(
        *,
        slow: bool = False,
        lanes: Lanes | None = None,
        max_rows: int = 10_000,
        inline_us: float = 1e9,
    ) -> Batcher:
        if lanes is None:
            lanes = make_lanes(slow=slow, max_rows=max_rows, inline_us=inline_us)
            all_lanes.append(lanes)
        return Batcher(
            runtime, lambda: runtime, cost=Cost(0.0, 1.0), lanes=lanes, observe=lambda rows, took_s: None
        )

    yield build
    runtime.may_go.set()
    for lanes in all_lanes:
        lanes.close()


def make_lanes(*, slow: bool, max_rows: int = 10_000, inline_us: float = 1e9) -> Lanes:
    return Lanes(1, inline_us=0.0 if slow else inline_us, waiting_rows=max_rows, waiting_us=1e12)


def rows(first: float, count: int = 1) -> FloatArray:
    """Return rows that are all different: (first, 0), (first, 1), and so on."""
    return np.column_stack([np.full(count, first), np.arange(count)]).astype(np.float32)


def run(body: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await body

    asyncio.run(bounded())


@pytest.mark.parametrize("slow", [False, True])
def test_requests_of_one_turn_share_a_call(runtime: FakeRuntime, build: Build, slow: bool) -> None:
    async def body() -> None:
        batcher = build(slow=slow)
        answers = await asyncio.gather(*[submit(batcher, rows(i, i % 3 + 1)) for i in range(9)])
        assert runtime.calls == [18]
        for i, answer in enumerate(answers):
            np.testing.assert_array_equal(answer.probabilities, rows(i, i % 3 + 1))
            assert answer.numbers == answer.probabilities.tolist()
            assert answer.best == answer.probabilities.argmax(axis=1).tolist()

    run(body())


def test_calls_get_as_long_as_the_loop_had_for_its_other_work_while_some_waited(
    runtime: FakeRuntime, build: Build
) -> None:
    async def body() -> None:
        batcher = build(inline_us=10.0)
        answers = [submit(batcher, rows(index)) for index in range(100)]
        await asyncio.sleep(0)
        assert runtime.calls == [10]
        busy_until = perf_counter() + 0.1
        while perf_counter() < busy_until:
            pass  # as it is with requests to read and to refuse
        await asyncio.sleep(0)
        assert runtime.calls == [10] * 10
        await asyncio.gather(*answers)

    run(body())


def test_a_turn_that_nobody_waited_for_is_no_reason_for_many_calls_in_the_next(
    runtime: FakeRuntime, build: Build
) -> None:
    async def body() -> None:
        batcher = build(inline_us=10.0)
        gone = [submit(batcher, rows(index)) for index in range(12)]
        await asyncio.sleep(0)
        for answer in gone[10:]:
            give_up(batcher, answer)
        await asyncio.sleep(0.1)  # idle, which is no other work
        assert runtime.calls == [10]
        answers = [submit(batcher, rows(index)) for index in range(1000)]
        await asyncio.sleep(0)
        assert runtime.calls == [10, 10]
        await asyncio.gather(*answers)

    run(body())


def test_what_arrives_during_a_call_shares_the_next(runtime: FakeRuntime, build: Build) -> None:
    async def body() -> None:
        batcher = build(slow=True)
        runtime.may_go.clear()
        first = submit(batcher, rows(0))
        await runtime.is_entered()
        later = []
        for i in range(1, 5):
            later.append(submit(batcher, rows(i, 2)))
            await asyncio.sleep(0)  # each in a turn of its own
        runtime.may_go.set()
        await asyncio.gather(first, *later)
        assert runtime.calls == [1, 8]

    run(body())


def test_quick_requests_do_not_wait_behind_a_slow_one(runtime: FakeRuntime, build: Build) -> None:
    async def body() -> None:
        quick = FakeRuntime()
        lanes = make_lanes(slow=False, inline_us=10.0)
        batcher = Batcher(
            runtime, lambda: quick, cost=Cost(0.0, 1.0), lanes=lanes, observe=lambda rows, took_s: None
        )
        runtime.may_go.clear()
        slow = [submit(batcher, rows(i, 100)) for i in range(2)]
        await runtime.is_entered()
        assert batcher.inline_rows >= 5
        await submit(batcher, rows(9, 5))
        assert not any(answer.done() for answer in slow)
        runtime.may_go.set()
        await asyncio.gather(*slow)
        lanes.close()

    run(body())


@pytest.mark.parametrize("slow", [False, True])
def test_an_expired_request_costs_no_inference(runtime: FakeRuntime, build: Build, slow: bool) -> None:
    async def body() -> None:
        batcher = build(slow=slow)
        late, good = submit(batcher, rows(0), 0.0), submit(batcher, rows(1))
        with pytest.raises(ExpiredError, match="over before inference"):
            await late
        np.testing.assert_array_equal((await good).probabilities, rows(1))
        assert runtime.calls == [1]

    run(body())


def test_an_expired_request_costs_no_inference_behind_another_variants_call(
    runtime: FakeRuntime, build: Build
) -> None:
    async def body() -> None:
        lanes = make_lanes(slow=True)
        busy, idle = FakeRuntime(), runtime
        first = Batcher(busy, lambda: busy, cost=Cost(0.0, 1.0), lanes=lanes, observe=lambda n, s: None)
        second = build(lanes=lanes)
        busy.may_go.clear()
        running = submit(first, rows(0))
        await busy.is_entered()
        late, good = submit(second, rows(1), 0.0), submit(second, rows(2))
        await asyncio.sleep(0)
        assert idle.calls == []
        busy.may_go.set()
        assert isinstance((await asyncio.gather(running, late, return_exceptions=True))[1], ExpiredError)
        await good
        assert idle.calls == [1]
        lanes.close()

    run(body())


def test_variants_take_turns_where_there_is_one_lane() -> None:
    async def body() -> None:
        lanes = make_lanes(slow=True)
        order: list[str] = []

        def batcher(name: str) -> Batcher:
            def note(rows: int, took_s: float) -> None:
                order.append(name)

            return Batcher(FakeRuntime(), FakeRuntime, cost=Cost(0.0, 1.0), lanes=lanes, observe=note)

        batchers = batcher("a"), batcher("b")
        await asyncio.gather(*[submit(each, rows(i, BATCH_MAX)) for each in batchers for i in range(3)])
        assert "".join(order) in ("ababab", "aababb")
        lanes.close()

    run(body())


def test_who_gives_up_frees_the_place_at_once_and_strands_nobody(runtime: FakeRuntime, build: Build) -> None:
    async def body() -> None:
        batcher = build(slow=True, max_rows=3)
        runtime.may_go.clear()
        first = submit(batcher, rows(0))
        await runtime.is_entered()
        leaver, stayer = submit(batcher, rows(1)), submit(batcher, rows(2))
        with pytest.raises(OverloadedError):
            batcher.check_room(1)
        give_up(batcher, leaver)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        batcher.check_room(1)
        newcomer = submit(batcher, rows(3))
        runtime.may_go.set()
        answers = await asyncio.gather(first, stayer, newcomer)
        assert [answer.probabilities[0, 0] for answer in answers] == [0, 2, 3]
        assert runtime.calls == [1, 2]

    run(body())


def test_who_gives_up_during_the_call_strands_nobody(runtime: FakeRuntime, build: Build) -> None:
    async def body() -> None:
        batcher = build(slow=True)
        runtime.may_go.clear()
        leaver, stayer = submit(batcher, rows(0, 2)), submit(batcher, rows(1, 3))
        await runtime.is_entered()
        give_up(batcher, leaver)
        runtime.may_go.set()
        np.testing.assert_array_equal((await stayer).probabilities, rows(1, 3))

    run(body())


@pytest.mark.parametrize("slow", [False, True])
def test_a_failing_call_fails_its_own_batch_and_everyone_in_it_hears(
    runtime: FakeRuntime, build: Build, slow: bool
) -> None:
    async def body() -> None:
        batcher = build(slow=slow)
        failed = await asyncio.gather(*[submit(batcher, rows(i)) for i in (0, -1, 1)], return_exceptions=True)
        assert [str(error) for error in failed] == ["the graph broke"] * 3
        np.testing.assert_array_equal((await submit(batcher, rows(7))).probabilities, rows(7))

    run(body())


@pytest.mark.parametrize("slow", [False, True])
def test_a_runtime_that_cannot_be_opened_fails_its_own_batch(
    runtime: FakeRuntime, build: Build, slow: bool
) -> None:
    async def body() -> None:
        lanes = make_lanes(slow=slow)
        opened = []

        def open_another() -> FakeRuntime:
            opened.append(1)
            if len(opened) == 1:
                raise RuntimeError("the file is gone")
            return FakeRuntime()

        batcher = Batcher(runtime, open_another, cost=Cost(0.0, 1.0), lanes=lanes, observe=lambda n, s: None)
        with pytest.raises(RuntimeError, match="graph broke"):
            await submit(batcher, rows(-1))  # and that runtime is not used again
        with pytest.raises(RuntimeError, match="file is gone"):
            await submit(batcher, rows(0))
        await submit(batcher, rows(0))
        assert lanes.admission.rows == 0
        lanes.close()

    run(body())


def test_an_answer_that_is_not_finite_fails_its_own_request_only(runtime: FakeRuntime, build: Build) -> None:
    async def body() -> None:
        batcher = build()
        bad, good = submit(batcher, rows(np.inf)), submit(batcher, rows(1))
        with pytest.raises(InvalidRequestError, match="no finite answer"):
            await bad
        np.testing.assert_array_equal((await good).probabilities, rows(1))

    run(body())


STEP = st.tuples(
    st.sampled_from(["submit", "expired", "failing", "give up", "turn", "land"]), st.integers(1, 40)
)
Waiting = list[tuple[FloatArray, Answering]]


async def take_step(batcher: Batcher, waiting: Waiting, number: int, what: str, size: int) -> None:
    if what in ("submit", "expired", "failing"):
        sent = rows(-1 if what == "failing" else number, size)
        with suppress(OverloadedError):
            waiting.append((sent, submit(batcher, sent, 0.0 if what == "expired" else None)))
    elif what == "give up" and waiting:
        give_up(batcher, waiting[size % len(waiting)][1])
    else:
        await asyncio.sleep(0.001 if what == "land" else 0)


@given(st.lists(STEP, max_size=30), st.booleans(), st.integers(1, 3))
def test_whatever_happens_everyone_hears_and_nothing_is_left(
    steps: list[tuple[str, int]], mixed: bool, count: int
) -> None:
    async def body() -> None:
        lanes = Lanes(count, inline_us=10.0 if mixed else 0.0, waiting_rows=200, waiting_us=1e12)
        batcher = Batcher(
            FakeRuntime(), FakeRuntime, cost=Cost(0.0, 1.0), lanes=lanes, observe=lambda n, s: None
        )
        waiting: Waiting = []
        for number, (what, size) in enumerate(steps):
            await take_step(batcher, waiting, number, what, size)
        answers = await asyncio.gather(*[answer for _, answer in waiting], return_exceptions=True)
        for (sent, _), got in zip(waiting, answers, strict=True):
            if isinstance(got, Answer):
                np.testing.assert_array_equal(got.probabilities, sent)
            else:
                assert isinstance(got, ExpiredError | RuntimeError | asyncio.CancelledError)
        lanes.threads.shutdown()  # waits for the calls of those who gave up
        for _ in range(3):
            await asyncio.sleep(0)
        assert (lanes.admission.rows, lanes.admission.us) == (0, 0)

    run(body())
