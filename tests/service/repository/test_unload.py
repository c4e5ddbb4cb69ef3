"""What is unloaded by hand stays so until somebody loads it, or asks for it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from pathlib import Path

import pytest

from bundle.bundle import Bundle
from bundle.manifest import AUTO
from service.errors import UnknownTargetError
from tests.service.engine.asking import submit
from tests.service.repository.deployed import deployed, until

LOADED = 'variant_loaded{model="m",variant="int8"}'


def test_a_variant_that_is_unloaded_is_available_and_no_look_loads_it(digits: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path, preload=("int8", "float32")) as there:
            there.bring(digits, "m", 1)
            await there.look()
            held, epoch = there.registry.loaded("m", None, "int8"), there.registry.catalogue.epoch
            assert held is not None
            await there.registry.unload("m", "int8")
            assert there.registry.catalogue.epoch > epoch
            await there.look(after_s=60.0)
            assert there.registry.models["m"][1].variant_state("int8") == "available"
            assert there.registry.loaded("m", None, "int8") is None
            assert there.registry.loaded("m", None, "float32") is not None
            assert there.metric(LOADED) == 0
            rows = digits.golden("int8")[0][:1]
            answer = await submit(held.servable.batcher, rows)  # who holds it may use it
            assert answer.probabilities.shape == (1, 10)
            assert await there.answers("m") == "m/1"
            await there.look(after_s=60.0)
            assert there.metric(LOADED) == 1

    asyncio.run(go())


def test_what_is_unloaded_is_not_loaded_with_the_next_version(digits: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path, preload=("int8", "float32")) as there:
            there.bring(digits, "m", 1)
            await there.look()
            await there.registry.unload("m", None)  # the default, float32
            there.bring(digits, "m", 2)
            await there.look()
            assert there.registry.serving["m"].number == 2
            assert set(there.registry.serving["m"].servables) == {"int8"}
            await there.registry.resolve("m", None, None)
            there.bring(digits, "m", 3)
            await there.look()
            assert set(there.registry.serving["m"].servables) == {"int8", "float32"}

    asyncio.run(go())


def test_a_variant_is_unloaded_of_all_versions_and_none_twice_as_much(digits: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            for number in (1, 2):
                there.bring(digits, "m", number)
            await there.look()
            await there.answers("m", 1)
            for _ in range(2):
                await there.registry.unload("m", "int8")
                assert [there.state("m", number) for number in (1, 2)] == ["unloaded", "unloaded"]
            assert there.registry.why_not_ready is not None

    asyncio.run(go())


def test_what_there_is_not_cannot_be_unloaded(digits: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            there.bring(digits, "m", 1)
            await there.look()
            for model, variant in (("m", "int3"), ("n", None)):
                with pytest.raises(UnknownTargetError):
                    await there.registry.unload(model, variant)

    asyncio.run(go())


@pytest.mark.parametrize("is_replaced", [True, False])
def test_nothing_holds_on_to_what_was_unloaded_though_it_could_be_chosen(
    digits: Bundle, tmp_path: Path, is_replaced: bool
) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            there.bring(digits, "m", 1)
            await there.look()
            gc.disable()  # which would come seldom, and graphs are large
            try:
                former = weakref.ref((await there.registry.resolve("m", None, AUTO)).servable.batcher)
                if is_replaced:
                    there.bring(digits, "m", 2)
                    await there.look()
                else:
                    await there.registry.unload("m", "int8")
                await until(lambda: former() is None)
            finally:
                gc.enable()

    asyncio.run(go())
