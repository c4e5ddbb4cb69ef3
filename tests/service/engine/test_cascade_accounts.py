"""What a cascade promises to whoever brings it jobs, whatever becomes of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bundle.bundle import Bundle
from bundle.normalizer import FloatArray
from service.engine.job import Answer, Job
from service.errors import ExpiredError, OverloadedError
from tests.service.engine.cascaded import BOTH, THRESHOLD, Built, built, expected, rows, run

_TURNS = 8  # of the event loop, in which jobs come and leave


class Heard(Job):
    """Notes all that it hears."""

    is_over = False

    def __init__(self, asked: FloatArray, deadline: float | None) -> None:
        self.rows, self.deadline, self.queued = asked, deadline, perf_counter()
        self.heard: list[Answer | BaseException] = []

    def succeed(self, answer: Answer) -> None:
        self.is_over = True
        self.heard.append(answer)

    def fail(self, error: BaseException) -> None:
        self.is_over = True
        self.heard.append(error)


@dataclass(frozen=True)
class Plan:
    """What becomes of a job: when it comes, its rows, and what is in its way."""

    turn: int
    sure: tuple[float, ...]
    breaks: int | None
    """The rung whose call its least sure row breaks."""
    is_late: bool
    leaves: int | None
    """After so many turns."""


def maybe(value: st.SearchStrategy[int], *, of: int) -> st.SearchStrategy[int | None]:
    """Return a value in one case of so many."""
    return st.integers(1, of).flatmap(lambda drawn: value if drawn == of else st.none())


PLANS = st.lists(
    st.builds(
        Plan,
        turn=st.integers(0, 3),
        sure=st.lists(st.sampled_from([0.1, 0.49, 0.5, 0.51, 0.9]), min_size=1, max_size=70).map(tuple),
        breaks=maybe(st.integers(0, 1), of=6),
        is_late=st.sampled_from([False] * 5 + [True]),
        leaves=maybe(st.integers(1, 4), of=5),
    ),
    max_size=12,
)


class Trial:
    """Jobs that come and leave as planned, and what each of them heard."""

    def __init__(self, there: Built, plans: list[Plan]) -> None:
        self._there = there
        self._plans = plans
        self._refused: set[int] = set()
        self._jobs = [
            Heard(rows(1000 * number, *plan.sure), 0.0 if plan.is_late else None)
            for number, plan in enumerate(plans)
        ]

    async def run(self) -> None:
        """Let the turns pass, and then until nothing waits."""
        for turn in range(_TURNS):
            for number, plan in enumerate(self._plans):
                if plan.turn == turn:
                    self._come(number)
                elif plan.leaves is not None and plan.turn + plan.leaves == turn:
                    self._leave(self._jobs[number])
            await asyncio.sleep(0)
        while self._there.lanes.admission.rows:  # noqa: ASYNC110 - each turn may be the last
            await asyncio.sleep(0)

    def _come(self, number: int) -> None:
        plan = self._plans[number]
        if plan.breaks is not None:
            least_sure = plan.sure.index(min(plan.sure))
            self._there.runtimes[plan.breaks].breaks.add(1000 * number + least_sure)
        try:
            self._there.cascade.submit(self._jobs[number])
        except OverloadedError:
            self._refused.add(number)
            self._jobs[number].is_over = True

    def _leave(self, job: Heard) -> None:
        if not job.is_over:
            job.is_over = True
            self._there.cascade.note_left()

    def check(self) -> None:
        """Check what each has heard against all that may have become of it."""
        for number, (plan, job) in enumerate(zip(self._plans, self._jobs, strict=True)):
            if number in self._refused:
                assert job.heard == []
            elif not job.heard:
                assert job.is_over
                assert plan.leaves is not None
            else:
                (heard,) = job.heard
                if isinstance(heard, Answer):
                    _check_answer(plan, np.asarray(job.rows), heard)
                else:
                    self._check_error(plan, heard)

    def _check_error(self, plan: Plan, error: BaseException) -> None:
        if isinstance(error, ExpiredError):
            assert plan.is_late
        else:  # and never that there is no room: it is in
            assert str(error) == "the graph broke"
            assert any(one.breaks is not None for one in self._plans)


def _check_answer(plan: Plan, asked: FloatArray, answer: Answer) -> None:
    goes_on = sum(one < THRESHOLD for one in plan.sure)
    assert not plan.is_late
    assert plan.breaks != 0
    assert not (plan.breaks == 1 and goes_on)
    np.testing.assert_array_equal(answer.probabilities, expected(asked))
    assert answer.escalated == goes_on


@given(PLANS, st.sampled_from(BOTH), st.sampled_from([1e12, 3000.0]), st.sampled_from([10_000, 60]))
def test_every_job_hears_once_and_of_its_own_rows(
    digits: Bundle, plans: list[Plan], slow: tuple[bool, bool], max_us: float, max_rows: int
) -> None:
    async def body() -> None:
        with built(digits, slow=slow, max_us=max_us, max_rows=max_rows) as there:
            trial = Trial(there, plans)
            await trial.run()
            trial.check()
            assert there.lanes.admission.us == 0.0

    run(body())
