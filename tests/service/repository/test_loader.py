"""What is loaded stays while it is in use, is loaded once however many ask, and in spite of who gives up."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import numpy as np
import pytest

from bundle.bundle import Bundle
from tests.patience import PATIENCE_S
from tests.service.engine.asking import submit
from tests.service.repository.deployed import Deployed, deployed, until

ROW = np.zeros((1, 64), np.float32)


async def ask(there: Deployed, number: int) -> None:
    """Have a version answer a row."""
    meant = there.registry.loaded("m", number, "int8") or await there.registry.resolve("m", number, "int8")
    await submit(meant.servable.batcher, ROW)


def bring_versions(there: Deployed, digits: Bundle, count: int) -> None:
    for number in range(1, count + 1):
        there.bring(digits, "m", number)


def test_old_versions_that_are_asked_for_in_turn_are_loaded_once(digits: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            bring_versions(there, digits, 4)
            await there.look()
            for _ in range(5):
                for number in (1, 2, 3):
                    there.now += 1.0
                    await ask(there, number)
            assert sorted(there.loads) == ["m/1", "m/2", "m/3", "m/4"]

    asyncio.run(go())


def test_of_too_many_old_versions_those_in_use_stay(digits: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path, old_versions=2) as there:
            bring_versions(there, digits, 5)
            await there.look()
            for number in (1, 2):
                there.now += 1.0
                await ask(there, number)
            await there.look(after_s=1.0)
            await ask(there, 1)
            await there.look(after_s=1.0)
            await ask(there, 3)
            states = [there.state("m", number) for number in range(1, 6)]
            assert states == ["serving", "unloaded", "serving", "unloaded", "serving"]

    asyncio.run(go())


def test_what_is_loaded_just_now_answers_though_all_the_others_are_in_use(
    digits: Bundle, tmp_path: Path
) -> None:
    async def go() -> None:
        async with deployed(tmp_path, old_versions=1) as there:
            bring_versions(there, digits, 4)
            await there.look()
            for number in (3, 2, 1, 3):  # all at one moment of the clock
                await ask(there, number)
            assert [there.state("m", number) for number in (1, 2, 3)] == ["unloaded", "unloaded", "serving"]

    asyncio.run(go())


def test_more_versions_than_can_stay_are_asked_for_at_once_and_each_answers(
    digits: Bundle, tmp_path: Path
) -> None:
    async def go() -> None:
        async with deployed(tmp_path, old_versions=1) as there:
            bring_versions(there, digits, 7)
            await there.look()
            answers = await asyncio.gather(*(there.answers("m", number) for number in range(1, 7)))
            assert answers == [f"m/{number}" for number in range(1, 7)]
            assert len(there.loads) == 7
            assert [there.state("m", number) for number in range(1, 7)].count("serving") == 1

    asyncio.run(go())


def test_what_many_ask_for_is_loaded_once_though_the_first_gives_up(digits: Bundle, tmp_path: Path) -> None:
    may_go_on = threading.Event()

    def before_load(_: Bundle, variant: str) -> None:
        if variant == "float16":
            assert may_go_on.wait(PATIENCE_S)

    async def go() -> None:
        async with deployed(tmp_path, before_load=before_load) as there:
            there.bring(digits, "m", 1)
            await there.look()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(there.registry.resolve("m", None, "float16"), 0)
            asking = [asyncio.create_task(there.registry.resolve("m", None, "float16")) for _ in range(9)]
            await until(lambda: all(not one.done() for one in asking))
            may_go_on.set()
            assert len({meant.servable for meant in await asyncio.gather(*asking)}) == 1
            assert len(there.loads) == 2

    asyncio.run(go())
