"""Labels are counted for the variant that answered, each once, all of a request or none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import (
    ConflictError,
    InvalidRequestError,
    RequestError,
    UnavailableError,
    UnknownTargetError,
)
from service.live import expected
from service.live.answers import Answers
from service.live.feedback import Counted, Feedback, Said
from service.live.live import ACCURACY
from service.live.tallies import Tallies
from service.observe.workers import Workers
from service.repository.registry import Registry
from tests.service.live.conftest import Pair, WithPair

RIGHT, WRONG = 3, 4


class Asked:
    """Answers with ids, and what takes their labels, in one worker."""

    def __init__(
        self,
        pair: Pair,
        *,
        remembered: int = 100,
        workers: Workers | None = None,
        tallies: Tallies | None = None,
    ) -> None:
        self.pair = pair
        registry, metrics = pair.there.registry, pair.there.metrics
        self.answers = Answers(registry, remembered, workers)
        if tallies is None:
            series = metrics.share(ACCURACY, "Labels", ["model", "version", "variant"])
            tallies = Tallies("accuracy", registry, series, expected.accuracy, workers=1)
            metrics.call_before_reading(tallies.hand_on)
        self.tallies = tallies
        self.feedback = Feedback(self.answers, tallies)

    def answer(self, *columns: int, variant: str = "int8") -> str:
        return self.answers.note(self.pair.variant(variant), columns)

    def say(self, *said: tuple[str, int | str]) -> Counted:
        return self.feedback.take([Said(*one) for one in said])

    def counted(self, variant: str = "int8") -> float:
        labels = f'{{model="digits",variant="{variant}",version="1"}}'
        return self.pair.there.metric(f"{ACCURACY}_trials{labels}")


def test_a_label_counts_for_the_variant_that_answered(with_pair: WithPair) -> None:
    async def body(pair: Pair) -> None:
        asked = Asked(pair)
        one, other = asked.answer(RIGHT), asked.answer(WRONG, variant="float32")
        assert asked.say((one, RIGHT)) == (1, 1)
        assert asked.say((other, RIGHT)) == (1, 0)
        assert asked.counted() == asked.counted("float32") == 1

    with_pair(body)


def test_rows_of_an_answer_to_many_are_said_one_by_one(with_pair: WithPair) -> None:
    async def body(pair: Pair) -> None:
        asked = Asked(pair)
        name = asked.answer(0, RIGHT, 2)
        assert asked.say((f"{name}.1", RIGHT), (f"{name}.2", RIGHT)) == (2, 1)
        with pytest.raises(InvalidRequestError, match=r"is of 3 rows; say which, from .*\.0 to .*\.2"):
            asked.say((name, RIGHT))
        for row in ("3", "-1", "", "x", "1.1", "9" * 5000, "\u0663"):
            with pytest.raises(UnknownTargetError, match="none of the answer's 3 rows"):
                asked.say((f"{name}.{row}", RIGHT))

    with_pair(body)


def test_a_label_that_was_said_before_is_refused_and_so_are_all_that_came_with_it(
    with_pair: WithPair,
) -> None:
    async def body(pair: Pair) -> None:
        asked = Asked(pair)
        one, other = asked.answer(RIGHT), asked.answer(RIGHT)
        asked.say((one, RIGHT))
        with pytest.raises(ConflictError, match="was said before"):
            asked.say((other, RIGHT), (one, WRONG))
        with pytest.raises(ConflictError, match="here twice"):
            asked.say((other, RIGHT), (f"{other}.0", RIGHT))
        assert asked.counted() == 1
        assert asked.say((other, RIGHT)) == (1, 1)

    with_pair(body)


@pytest.mark.parametrize("label", [10, -1, 10**400, "3", ""])
def test_what_is_no_label_of_the_model_is_refused(with_pair: WithPair, label: int | str) -> None:
    async def body(pair: Pair) -> None:
        asked = Asked(pair)
        name = asked.answer(RIGHT)
        with pytest.raises(InvalidRequestError, match="none of the model's: 0, 1, 2"):
            asked.say((name, label))
        assert asked.say((name, RIGHT)) == (1, 1)

    with_pair(body)


def test_the_oldest_answers_are_forgotten(with_pair: WithPair) -> None:
    async def body(pair: Pair) -> None:
        asked = Asked(pair, remembered=3)
        names = [asked.answer(RIGHT) for _ in range(4)]
        with pytest.raises(UnknownTargetError, match="is forgotten"):
            asked.say((names[0], RIGHT))
        assert asked.say(*((name, RIGHT) for name in names[1:])) == (3, 3)

    with_pair(body)


def test_an_answer_is_not_counted_for_a_variant_that_was_unloaded_since(with_pair: WithPair) -> None:
    async def body(pair: Pair) -> None:
        asked = Asked(pair)
        name = asked.answer(RIGHT)
        await pair.there.registry.unload("digits", "int8")
        with pytest.raises(UnknownTargetError, match="is of a variant that is not loaded any more"):
            asked.say((name, RIGHT))

    with_pair(body)


def test_another_worker_takes_the_label_and_neither_takes_it_again(
    with_pair: WithPair, tmp_path: Path
) -> None:
    async def body(pair: Pair) -> None:
        mine = Asked(pair, workers=Workers(tmp_path))
        other = Asked(pair, workers=Workers(tmp_path), tallies=mine.tallies)
        one, two = mine.answer(RIGHT), mine.answer(RIGHT)
        assert other.say((one, RIGHT), (other.answer(RIGHT), WRONG)) == (2, 1)
        for worker in (mine, other):
            with pytest.raises(ConflictError):
                worker.say((one, RIGHT))
        assert mine.say((two, RIGHT)) == (1, 1)

    with_pair(body)


def test_where_no_answer_can_be_remembered_there_is_no_id(with_pair: WithPair, tmp_path: Path) -> None:
    async def body(pair: Pair) -> None:
        workers = Workers(tmp_path)
        asked = Asked(pair, workers=workers)
        workers.file("answers").mkdir()
        with pytest.raises(UnavailableError, match="answers can be given no id"):
            asked.answer(RIGHT)

    with_pair(body)


def test_the_answers_of_a_worker_that_is_gone_are_forgotten(with_pair: WithPair, tmp_path: Path) -> None:
    async def body(pair: Pair) -> None:
        workers = Workers(tmp_path)
        mine = Asked(pair, workers=workers)
        other = Asked(pair, workers=Workers(tmp_path), tallies=mine.tallies)
        name = mine.answer(RIGHT)
        workers.file("answers").unlink()
        with pytest.raises(UnknownTargetError, match="is forgotten"):
            other.say((name, RIGHT))

    with_pair(body)


@given(st.lists(st.tuples(st.text(max_size=50), st.integers() | st.text(max_size=5)), min_size=1))
def test_whatever_is_said_of_no_answer_is_refused_in_a_sentence(said: list[tuple[str, int | str]]) -> None:
    registry: Registry = None  # type: ignore[assignment] # nobody gets as far as that
    tallies: Tallies = None  # type: ignore[assignment] # as well
    feedback = Feedback(Answers(registry, 10, None), tallies)
    with pytest.raises(RequestError, match="there is no answer with the id"):
        feedback.take([Said(*one) for one in said])
