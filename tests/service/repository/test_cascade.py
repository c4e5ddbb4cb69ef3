"""The cascade of a version: there when both its rungs are, gone when either is, and made of nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bundle.bundle import Bundle
from bundle.manifest import AUTO, CASCADE, CascadeSpec
from service.errors import UnavailableError, UnknownTargetError
from tests.service.cascading import FIRST, SECOND
from tests.service.engine.asking import submit
from tests.service.repository.deployed import Deployed, deployed

RUNGS = (FIRST, SECOND)
LOADED = 'variant_loaded{model="m",variant="cascade"}'


@pytest.fixture(scope="module")
def spec(cascaded: Bundle) -> CascadeSpec:
    assert cascaded.manifest.cascade is not None
    return cascaded.manifest.cascade


def loaded(there: Deployed, number: int = 1) -> set[str]:
    return set(there.registry.models["m"][number].servables)


def state(there: Deployed) -> tuple[str, str | None]:
    version = there.registry.models["m"][1]
    return version.variant_state(CASCADE), version.failure(CASCADE)


@pytest.mark.parametrize("preload", [None, RUNGS, (CASCADE,)])
def test_it_is_there_from_the_start_where_both_rungs_are_or_it_was_asked_for(
    cascaded: Bundle, spec: CascadeSpec, tmp_path: Path, preload: tuple[str, ...] | None
) -> None:
    async def go() -> None:
        async with deployed(tmp_path, preload=preload) as there:
            there.bring(cascaded, "m", 1)
            await there.look()
            assert {CASCADE, *RUNGS} <= loaded(there)
            assert preload is None or len(there.loads) == 2
            meant = there.registry.loaded("m", None, CASCADE)
            assert meant is not None
            assert (meant.servable.signature.variant, meant.servable.signature.version) == (CASCADE, 1)
            answer = await submit(meant.servable.batcher, cascaded.golden(FIRST)[0])
            assert answer.escalated is not None
            assert there.metric(LOADED) == 1
            shares = [there.metric(f'escalated_share{{bound="{b}",model="m"}}') for b in ("low", "expected")]
            assert shares == [spec.escalated_low, spec.escalated]
            assert there.metric('cascade_rows_total{model="m"}') == len(cascaded.golden(FIRST)[0])

    asyncio.run(go())


def test_where_it_is_asked_for_both_rungs_are_loaded_once(cascaded: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path, preload=("float16",)) as there:
            there.bring(cascaded, "m", 1)
            await there.look()
            assert (state(there), there.metric(LOADED)) == (("available", None), 0)
            asked = [there.registry.resolve("m", None, CASCADE) for _ in range(5)]
            assert len({meant.servable for meant in await asyncio.gather(*asked)}) == 1
            assert len(there.loads) == 3
            assert (state(there)[0], there.metric(LOADED)) == ("loaded", 1)

    asyncio.run(go())


@pytest.mark.parametrize("rung", RUNGS)
def test_it_goes_with_either_rung_and_comes_back_with_it(cascaded: Bundle, tmp_path: Path, rung: str) -> None:
    async def go() -> None:
        async with deployed(tmp_path, preload=RUNGS) as there:
            there.bring(cascaded, "m", 1)
            await there.look()
            held, epoch = there.registry.loaded("m", None, CASCADE), there.registry.catalogue.epoch
            assert held is not None
            await there.registry.unload("m", rung)
            assert there.registry.catalogue.epoch > epoch
            assert loaded(there) == {*RUNGS} - {rung}
            assert (there.registry.loaded("m", None, CASCADE), there.metric(LOADED)) == (None, 0)
            await submit(held.servable.batcher, cascaded.golden(FIRST)[0])  # who holds it may use it
            await there.registry.resolve("m", None, rung)
            assert loaded(there) == {CASCADE, *RUNGS}

    asyncio.run(go())


def test_unloaded_by_its_own_name_it_leaves_the_rungs_and_returns_when_it_is_asked_for(
    cascaded: Bundle, tmp_path: Path
) -> None:
    async def go() -> None:
        async with deployed(tmp_path, preload=RUNGS) as there:
            there.bring(cascaded, "m", 1)
            await there.look()
            await there.registry.unload("m", CASCADE)
            assert loaded(there) == {*RUNGS}
            await there.registry.resolve("m", None, "float16")
            there.bring(cascaded, "m", 2)
            await there.look()
            assert CASCADE not in loaded(there, 2)
            await there.registry.resolve("m", 2, CASCADE)
            assert CASCADE in loaded(there, 2)
            assert len(there.loads) == 6

    asyncio.run(go())


def test_what_was_in_use_is_loaded_with_the_next_version_whatever_its_rungs_are(
    cascaded: Bundle, tmp_path: Path
) -> None:
    async def go() -> None:
        async with deployed(tmp_path, preload=("float16",)) as there:
            there.bring(cascaded, "m", 1)
            await there.look()
            await there.registry.resolve("m", None, CASCADE)
            spec = cascaded.manifest.cascade
            assert spec is not None
            other = spec.model_copy(update={"first": "dynamic_int8"})
            manifest = cascaded.manifest.model_copy(update={"cascade": other})
            folder = there.bring(cascaded, "m", 2)
            (folder / "manifest.json").write_text(manifest.model_dump_json(), encoding="utf-8")
            await there.look()
            assert there.registry.serving["m"].number == 2
            assert {CASCADE, "dynamic_int8", SECOND} <= loaded(there, 2)

    asyncio.run(go())


def test_a_rung_that_cannot_be_loaded_is_named(cascaded: Bundle, tmp_path: Path) -> None:
    def before_load(_: Bundle, variant: str) -> None:
        if variant == SECOND:
            raise ValueError("no such kernel")

    async def go() -> None:
        async with deployed(tmp_path, preload=(FIRST,), before_load=before_load) as there:
            there.bring(cascaded, "m", 1)
            await there.look()
            with pytest.raises(UnavailableError, match="'cascade' could not be loaded: 'float32': it raised"):
                await there.registry.resolve("m", None, CASCADE)
            assert state(there) == ("failed", "'float32': it raised ValueError")

    asyncio.run(go())


def test_a_model_without_one_says_what_it_has(digits: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            there.bring(digits, "m", 1)
            await there.look()
            with pytest.raises(UnknownTargetError, match="no variant 'cascade'; it has: float32"):
                await there.registry.resolve("m", None, CASCADE)
            assert there.metric(LOADED) == 0

    asyncio.run(go())


def test_auto_may_choose_it(cascaded: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path, preload=RUNGS) as there:
            there.bring(cascaded, "m", 1)
            await there.look()
            assert there.registry.loaded("m", None, AUTO) is not None
            options = there.registry.models["m"][1].options()
            assert {option.variant for option in options} == {CASCADE, *RUNGS}

    asyncio.run(go())


def test_a_model_that_is_gone_has_no_band_any_more(cascaded: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path, preload=RUNGS) as there:
            there.bring(cascaded, "m", 1)
            await there.look()
            there.registry.catalogue.serving.clear()
            there.registry.catalogue.miss("m", 0.0)
            text = there.metrics.exposition().decode()
            assert "escalated_share{" not in text
            assert "escalation_shifted{" not in text

    asyncio.run(go())


def test_one_that_is_loaded_anew_has_not_found_a_shift(cascaded: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path, preload=RUNGS) as there:
            there.bring(cascaded, "m", 1)
            await there.look()
            there.metrics.cascades.of("m", 1).tell(is_shifted=True)
            assert there.metric('escalation_shifted{model="m"}') == 1
            await there.registry.unload("m", CASCADE)
            await there.registry.resolve("m", None, CASCADE)
            assert there.metric('escalation_shifted{model="m"}') == 0

    asyncio.run(go())
