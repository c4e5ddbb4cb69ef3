"""A variant is chosen when the rows are there, among what is loaded then, and answers while there is time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import pytest

from service.engine.choice import Choice, Chooser, Option
from service.engine.ladder.ladder import Ladder
from service.engine.policy import Policy
from service.errors import ExpiredError, InvalidRequestError
from service.pipeline.pipeline import Pipeline
from service.pipeline.telemetry import Telemetry
from service.repository.policy.policies import Policies
from service.repository.registry import Registry
from service.wire import native
from service.wire.protocol import Asked
from service.wire.target import Target
from service.wire.wish import NO_WISH, Wish
from tests.service.repository.deployed import Deployed, deployed
from tests.service.routes.test_predict import ROW

BODY = b'{"instances": [%a]}' % ROW
BOTH = ("int8", "float32")


class Hasty(Ladder):
    """Lets go of the first variant that it chooses, as an operator may just then."""

    registry: Registry
    unloaded: list[str]

    def choose(self, rows: int, wish: Wish, waited_us: float) -> tuple[Choice, float]:
        choice, expected_us = super().choose(rows, wish, waited_us)
        if not self.unloaded:
            self.unloaded.append(choice.option.variant)
            self.registry.catalogue.put_away("digits", choice.option.variant)
        return choice, expected_us


class Late(Ladder):
    """Takes longer than the time that there is, and would refuse nobody for that."""

    def choose(self, rows: int, wish: Wish, waited_us: float) -> tuple[Choice, float]:
        choice, expected_us = super().choose(rows, NO_WISH, waited_us)
        until = perf_counter() + 2 * (wish.max_latency_ms or 0.0) / 1e3
        while perf_counter() < until:
            pass
        return choice, expected_us


def pipeline_of(there: Deployed) -> Pipeline:
    telemetry = Telemetry(there.metrics, None, server_timing=False)
    return Pipeline(there.registry, telemetry, max_rows=100, max_body_bytes=10_000)


def asked(wish: Wish | None = None) -> Asked:
    return Asked(Target(None, None, "auto"), form=native.Form(), wish=wish)


async def answer(there: Deployed, wish: Wish | None = None) -> dict[bytes, bytes]:
    headers, _ = await pipeline_of(there).answer(native, asked(wish), BODY, size=len(BODY))
    return dict(headers)


def test_a_variant_unloaded_since_it_was_chosen_is_not_loaded_again_and_another_answers(
    digits_alone: Path,
) -> None:
    async def go() -> None:
        async with deployed(digits_alone, preload=BOTH) as there:
            unloaded: list[str] = []

            def choose_among(options: Sequence[Option], policy: Policy) -> Chooser:
                chooser = Hasty(options, policy)
                chooser.registry, chooser.unloaded = there.registry, unloaded
                return chooser

            there.registry.policies = Policies(choose_among=choose_among)
            await there.look()
            headers = await answer(there)
            assert headers[b"x-variant-reason"] == b"pinned"
            assert len(there.loads) == 2
            (version,) = there.registry.serving.values()
            assert set(version.servables) == set(BOTH) - set(unloaded)

    asyncio.run(go())


def test_where_the_last_variant_was_unloaded_one_is_loaded_for_who_asks(digits_alone: Path) -> None:
    async def go() -> None:
        async with deployed(digits_alone, preload=("int8",)) as there:
            await there.look()
            there.registry.catalogue.put_away("digits", "int8")
            assert (await answer(there))[b"x-variant-reason"] == b"pinned"

    asyncio.run(go())


@pytest.mark.parametrize("best_effort", [False, True])
def test_the_latency_that_is_asked_for_is_a_deadline_unless_any_answer_is_wanted(
    digits_alone: Path, best_effort: bool
) -> None:
    async def go() -> None:
        async with deployed(digits_alone) as there:
            there.registry.policies = Policies(choose_among=Late)
            await there.look()
            wish = Wish(max_latency_ms=20, best_effort=best_effort)
            if best_effort:
                await answer(there, wish)
            else:
                with pytest.raises(ExpiredError):
                    await answer(there, wish)
            assert there.metric('deadlines_missed_total{model="digits",variant="int8"}') == 1

    asyncio.run(go())


def test_the_goal_of_a_policy_is_counted_where_it_is_missed_and_is_no_deadline(digits_alone: Path) -> None:
    async def go() -> None:
        async with deployed(digits_alone) as there:
            there.registry.policies = Policies(Policy(max_latency_ms=1e-3))
            await there.look()
            await answer(there)
            assert there.metric('deadlines_missed_total{model="digits",variant="int8"}') == 1

    asyncio.run(go())


def test_choices_are_counted_by_reason_and_so_is_how_well_their_time_was_foreseen(
    digits_alone: Path,
) -> None:
    async def go() -> None:
        async with deployed(digits_alone, preload=BOTH) as there:
            await there.look()
            for _ in range(3):
                await answer(there)
            with pytest.raises(InvalidRequestError):
                await answer(there, Wish(min_accuracy=1.0))
            for series, count in (
                ('choices_total{{model="digits",reason="accuracy",variant="{}"}}', 3),
                ('taken_over_expected_count{{model="digits",variant="{}"}}', 3),
                ('deadlines_missed_total{{model="digits",variant="{}"}}', 0),
            ):
                assert sum(there.metric(series.format(name)) for name in BOTH) == count

    asyncio.run(go())


def test_who_is_refused_before_a_choice_is_counted_to_no_variant_that_might_have_been_chosen(
    digits_alone: Path,
) -> None:
    async def go() -> None:
        async with deployed(digits_alone, preload=BOTH) as there:
            await there.look()
            for body, wish in ((b'{"instances": [[1]]}', None), (BODY, Wish(min_accuracy=1.0))):
                with pytest.raises(InvalidRequestError):
                    await pipeline_of(there).answer(native, asked(wish), body, size=len(body))
            assert there.metric('requests_total{model="digits",outcome="422",variant="auto"}') == 2
            text = there.metrics.exposition().decode()
            assert all(f'outcome="422",variant="{name}"' not in text for name in BOTH)

    asyncio.run(go())


def test_a_time_out_alone_misses_no_deadline_of_the_choice(digits_alone: Path) -> None:
    async def go() -> None:
        async with deployed(digits_alone) as there:
            there.registry.policies = Policies(choose_among=Late)
            await there.look()
            within = Asked(Target(None, None, "auto"), timeout_ms=1e-3, form=native.Form())
            with pytest.raises(ExpiredError):
                await pipeline_of(there).answer(native, within, BODY, size=len(BODY))
            assert there.metric('deadlines_missed_total{model="digits",variant="int8"}') == 0

    asyncio.run(go())
