"""Two rungs that answer as one: which rows go on, with whom, and what each job hears."""

from __future__ import annotations

import asyncio
from time import perf_counter

import numpy as np
import pytest

from bundle.bundle import Bundle
from bundle.normalizer import FloatArray
from service.errors import ExpiredError, OverloadedError
from tests.service.engine.asking import give_up, submit
from tests.service.engine.cascaded import BOTH, SURE, THRESHOLD, UNSURE, Rung, built, expected, rows, run


@pytest.mark.parametrize("slow", BOTH)
def test_rows_of_several_requests_go_on_in_one_call_and_each_gets_its_own(
    digits: Bundle, slow: tuple[bool, bool]
) -> None:
    async def body() -> None:
        with built(digits, slow=slow) as there:
            asked = [
                rows(0, SURE, UNSURE, SURE),
                rows(10, UNSURE, UNSURE),
                rows(20, SURE),
                rows(30, UNSURE, SURE, SURE, UNSURE),
            ]
            answers = await asyncio.gather(*[submit(there.cascade, one) for one in asked])
            assert [runtime.calls for runtime in there.runtimes] == [[10], [5]]
            assert [answer.escalated for answer in answers] == [1, 2, 0, 2]
            for one, answer in zip(asked, answers, strict=True):
                np.testing.assert_array_equal(answer.probabilities, expected(one))
                assert answer.numbers == expected(one).tolist()
                assert answer.best == [0] * len(one)
            assert there.counted == [(3, 1), (2, 2), (1, 0), (4, 2)]
            assert (there.lanes.admission.rows, there.cascade.calls) == (0, 2)

    run(body())


def test_a_row_that_is_as_sure_as_the_threshold_stays(digits: Bundle) -> None:
    async def body() -> None:
        with built(digits) as there:
            answer = await submit(there.cascade, rows(0, THRESHOLD))
            assert (answer.escalated, there.runtimes[1].calls) == (0, [])

    run(body())


def test_nothing_is_copied_where_no_row_goes_on_or_all_do(digits: Bundle) -> None:
    async def body() -> None:
        with built(digits) as there:
            none = await submit(there.cascade, rows(0, SURE, SURE))
            assert none.probabilities.base is none.call.probabilities
            every = await submit(there.cascade, rows(5, UNSURE, UNSURE))
            np.testing.assert_array_equal(every.probabilities, expected(rows(5, UNSURE, UNSURE)))

    run(body())


def test_an_answer_of_both_rungs_took_as_long_as_their_calls(digits: Bundle) -> None:
    async def body() -> None:
        with built(digits, slow=(False, True)) as there:
            begun = perf_counter()
            call = (await submit(there.cascade, rows(0, SURE, UNSURE))).call
            assert begun <= call.start <= call.end <= perf_counter()

    run(body())


def test_what_waits_for_the_event_loop_is_answered_without_a_turn_of_it(digits: Bundle) -> None:
    async def body() -> None:
        with built(digits) as there:
            before = submit(there.cascade, rows(0, *[UNSURE] * 90))
            answering = submit(there.cascade, rows(100, *[UNSURE] * 90))
            while not answering.job.is_over:
                there.cascade.run_quick()
            assert before.done()
            np.testing.assert_array_equal(answering.result().probabilities[:, 0], 1.0)

    run(body())


def test_a_request_runs_on_the_event_loop_where_all_its_rows_may_at_either_rung(digits: Bundle) -> None:
    async def body() -> None:
        with built(digits) as there:
            assert [one.inline_rows for one in there.batchers] == [128, 100]
            assert there.cascade.inline_rows == 100
            for count, is_inline in ((100, True), (101, False)):
                answering = submit(there.cascade, rows(0, *[UNSURE] * count))
                assert answering.job.inline == is_inline
                np.testing.assert_array_equal((await answering).probabilities[:, 0], 1.0)

    run(body())


@pytest.mark.parametrize("slow", BOTH)
def test_who_is_late_when_the_first_rung_has_answered_costs_no_call_of_the_second(
    digits: Bundle, slow: tuple[bool, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> None:
        with built(digits, slow=slow) as there:
            first = there.runtimes[0]

            def predict(asked: FloatArray) -> FloatArray:
                late.job.deadline = 0.0  # is over from now on
                return Rung.predict(first, asked)

            monkeypatch.setattr(first, "predict", predict)
            late = submit(there.cascade, rows(0, UNSURE))
            in_time = submit(there.cascade, rows(1, UNSURE, UNSURE))
            with pytest.raises(ExpiredError):
                await late
            await in_time
            assert [runtime.calls for runtime in there.runtimes] == [[3], [2]]
            assert there.lanes.admission.rows == 0

    run(body())


@pytest.mark.parametrize("rung", [0, 1])
def test_who_leaves_gives_the_place_back_at_whichever_rung_it_is(digits: Bundle, rung: int) -> None:
    async def body() -> None:
        with built(digits, slow=(rung == 0, rung == 1)) as there:
            there.lanes.ask(lambda: True)  # the one thread is busy
            left = submit(there.cascade, rows(0, UNSURE))
            for _ in range(3):
                await asyncio.sleep(0)
            assert there.lanes.admission.rows == 1
            give_up(there.cascade, left)
            for _ in range(2):
                await asyncio.sleep(0)
            assert there.lanes.admission.rows == 0
            there.lanes.leave()
            assert there.runtimes[rung].calls == []

    run(body())


@pytest.mark.parametrize("rung", [0, 1])
def test_a_rung_that_fails_fails_those_who_share_the_call_and_nobody_else(digits: Bundle, rung: int) -> None:
    async def body() -> None:
        with built(digits) as there:
            there.runtimes[rung].breaks = {1}
            broken, sure = submit(there.cascade, rows(1, UNSURE)), submit(there.cascade, rows(2, SURE))
            with pytest.raises(RuntimeError, match="the graph broke"):
                await broken
            if rung == 1:
                np.testing.assert_array_equal((await sure).probabilities, expected(rows(2, SURE)))
            else:
                with pytest.raises(RuntimeError, match="the graph broke"):
                    await sure
            assert there.lanes.admission.rows == 0
            await submit(there.cascade, rows(3, UNSURE))

    run(body())


@pytest.mark.parametrize("rung", [0, 1])
def test_an_answer_that_cannot_be_gone_on_with_is_an_error_to_who_waits(
    digits: Bundle, rung: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where there is no memory for what goes on, or for both answers in one."""

    def predict(asked: FloatArray) -> FloatArray:
        return np.full((len(asked), 3), 0.4, np.float32)[:, : (0 if rung == 0 else 3)]

    async def body() -> None:
        with built(digits) as there:
            monkeypatch.setattr(there.runtimes[rung], "predict", predict)
            with pytest.raises(ValueError, match=r"zero-size|shape mismatch"):
                await submit(there.cascade, rows(0, SURE, UNSURE))
            assert there.lanes.admission.rows == 0

    run(body())


def test_where_the_second_rung_has_no_room_nobody_is_let_in_and_who_is_in_is_answered(
    digits: Bundle,
) -> None:
    async def body() -> None:
        with built(digits, slow=(False, True), max_us=1000.0) as there:
            there.lanes.ask(lambda: True)  # the one thread is busy
            inside = submit(there.cascade, rows(0, UNSURE))
            sure = submit(there.cascade, rows(1, SURE))
            waiting = submit(there.batchers[1], rows(2, SURE))
            for _ in range(2):
                with pytest.raises(OverloadedError) as refused:
                    there.cascade.check_room(1)
                assert refused.value.retry_after_s >= 1
                with pytest.raises(OverloadedError):
                    submit(there.cascade, rows(3, SURE))
                assert (await sure).escalated == 0
            there.lanes.leave()
            assert [(await one).probabilities[0, 0] for one in (inside, waiting)] == [1.0, 1.0]
            there.cascade.check_room(1)
            assert there.lanes.admission.us == 0.0

    run(body())


def test_what_it_costs_is_the_first_rung_and_as_many_rows_of_the_second_as_hardly_ever_are_more(
    digits: Bundle,
) -> None:
    with built(digits) as there:
        quarter = 1.25  # hardly ever more, until calls have taught how much
        assert there.cascade.cost_us(1) == quarter * (1 + 10)
        assert there.cascade.cost_us(100) == quarter * (100 + 10 * 34)  # 25, and twice 4.33


def test_a_request_waits_for_the_longer_of_both_queues(digits: Bundle) -> None:
    async def body() -> None:
        with built(digits, slow=(False, True)) as there:
            assert there.cascade.waiting_us(1) == 0.0
            quick = submit(there.batchers[0], rows(0, *[SURE] * 50))
            assert there.cascade.waiting_us(1) == there.batchers[0].waiting_us(1) > 0
            slow = submit(there.batchers[1], rows(0, SURE))
            assert there.cascade.waiting_us(1) == there.batchers[1].waiting_us(1) >= 2000
            await asyncio.gather(quick, slow)

    run(body())
