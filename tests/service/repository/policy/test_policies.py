"""Which policy holds for a version: its file's while that can be followed, and the service's where not."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundle.bundle import Bundle
from service.engine.policy import Policy
from service.errors import InvalidRequestError, UnknownTargetError
from service.repository.policy.policies import Policies
from service.repository.settling import SETTLE_S
from tests.service.metrics_text import sample
from tests.service.repository.deployed import Deployed, deployed, until


def lay_down(there: Deployed, content: str | bytes | None, model: str = "m") -> None:
    """Put a policy beside the versions of a model that looks as if it had been there before, or take it."""
    path = there.store.root / model / "policy.toml"
    if content is None:
        path.unlink()
        return
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (0, 0))


def policy(there: Deployed) -> Policy:
    return there.registry.policies.of(there.registry.serving["m"])


def problem(there: Deployed) -> str | None:
    return there.registry.policies.problem(there.registry.serving["m"])


async def default(there: Deployed, number: int | None = None) -> str:
    """Return what a request means that names no variant, which is loaded then."""
    meant = await there.registry.resolve("m", number, None)
    return "auto" if meant.chooser is not None else meant.servable.signature.variant


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_a_file_comes_changes_and_goes_and_the_next_look_sees_it(digits: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            there.bring(digits, "m", 1)
            await there.look()
            assert await default(there) == digits.manifest.default_variant
            lay_down(there, 'default_variant = "auto"\nvariants = ["int8"]')
            await there.look()
            assert await default(there) == "auto"
            meant = there.registry.loaded("m", None, None)
            assert meant is not None
            assert meant.chooser is not None
            lay_down(there, 'default_variant = "int8"')
            await there.look()
            assert await default(there) == "int8"
            lay_down(there, None)
            await there.look()
            await there.look(after_s=SETTLE_S)
            assert await default(there) == digits.manifest.default_variant

    run(go())


def test_a_file_that_is_wrong_is_told_once_by_log_and_metric_and_the_former_policy_holds(
    digits: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            there.bring(digits, "m", 1)
            lay_down(there, "min_accuracy = 0.5")
            await there.look()
            assert (policy(there).min_accuracy, problem(there)) == (0.5, None)
            assert there.metric('refused_policy{model="m"}') == 0
            for content in ("min_accuracy = 5", 'variants = ["int9"]', "min_accuracy = 1.0"):
                lay_down(there, content)
                await there.look()
                await there.look()
                assert policy(there).min_accuracy == 0.5
                assert (problem(there) or "").startswith(f"m/policy.toml: {content.partition(' ')[0]} is ")
                assert there.metric('refused_policy{model="m"}') == 1
                told = [r for r in caplog.records if (problem(there) or "?") in r.getMessage()]
                assert [record.levelname for record in told] == ["WARNING"]
                assert "min_accuracy = 0.5" in told[0].getMessage()
            lay_down(there, "min_accuracy = 0.6")
            await there.look()
            assert (policy(there).min_accuracy, problem(there)) == (0.6, None)
            assert there.metric('refused_policy{model="m"}') == 0

    run(go())


def test_a_version_without_what_its_file_names_follows_the_service(
    digits: Bundle, models: Path, tmp_path: Path
) -> None:
    async def go() -> None:
        async with deployed(tmp_path, preload=("int8",)) as there:
            there.registry.policies = Policies(Policy("auto", min_accuracy=0.25))
            there.bring(digits, "m", 1)
            lay_down(there, 'default_variant = "int9"')
            await there.look()
            assert await default(there) == "auto"
            assert policy(there) == Policy("auto", min_accuracy=0.25)
            lay_down(there, 'default_variant = "int8"')
            await there.look()
            assert await default(there) == await default(there, 1) == "int8"
            assert policy(there).min_accuracy == 0.25  # key by key

    run(go())


def test_a_default_of_all_that_one_model_has_not_leaves_it_its_own(
    digits: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            there.registry.policies = Policies(Policy("int9"))
            there.bring(digits, "m", 1)
            await there.registry.start()
            assert await default(there) == digits.manifest.default_variant
            assert there.registry.why_not_ready is None

    run(go())
    assert any(
        line.startswith("--default-variant is 'int9', which no model has; ") for line in caplog.messages
    )


def test_a_floor_of_all_that_nothing_reaches_is_told_with_the_model(
    digits: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            there.registry.policies = Policies(Policy(min_accuracy=1.0))
            there.bring(digits, "m", 1)
            await there.look()
            assert there.metric('refused_policy{model="m"}') == 1

    run(go())
    assert any(line.startswith("for m --auto-floor is 1.0; no variant") for line in caplog.messages)


def test_a_file_that_was_on_its_way_at_the_start_is_waited_for_though_nothing_is_watched(
    digits: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.repository.registry._AGAIN_S", 0.001)

    async def go() -> None:
        async with deployed(tmp_path) as there:
            there.bring(digits, "m", 1)
            lay_down(there, "min_accuracy = 0.5")
            os.utime(there.store.root / "m" / "policy.toml")
            await there.registry.start()
            assert policy(there).min_accuracy == 0.0
            watching = asyncio.create_task(there.registry.watch(0))
            there.now += SETTLE_S
            await until(lambda: policy(there).min_accuracy == 0.5)
            watching.cancel()

    run(go())


_VALUES = st.sampled_from(
    [
        '"auto"',
        '"cascade"',
        '"int8"',
        '"int9"',
        "0.5",
        "1",
        "-1",
        "nan",
        "[]",
        '["int8"]',
        '["cascade", "x"]',
        "'",
    ]
)
_KEYS = st.sampled_from(["default_variant", "variants", "min_accuracy", "max_latency_ms", "objective", "x"])
_LINES = st.builds("{} = {}".format, _KEYS, _VALUES)


@settings(max_examples=10)
@given(st.lists(st.binary() | st.lists(_LINES, max_size=3).map("\n".join).map(str.encode), max_size=10))
def test_whatever_file_comes_after_whatever_other_what_serves_goes_on(
    digits: Bundle, tmp_path_factory: pytest.TempPathFactory, files: list[bytes]
) -> None:
    async def go() -> None:
        async with deployed(tmp_path_factory.mktemp("files")) as there:
            there.bring(digits, "m", 1)
            await there.look()
            for content in files:
                lay_down(there, content)
                await there.look()
                assert there.registry.why_not_ready is None
                assert await default(there) in ("auto", *there.registry.serving["m"].names)
                assert (await there.registry.resolve("m", None, "auto")).chooser is not None

    run(go())


def test_auto_loads_a_variant_that_may_be_chosen_where_none_is_loaded(digits: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path, preload=("int8",)) as there:
            there.bring(digits, "m", 1)
            lay_down(there, 'variants = ["float16"]')
            await there.look()
            version = there.registry.serving["m"]
            assert set(version.servables) == {"int8"}
            assert there.registry.loaded("m", None, "auto") is None
            meant = await there.registry.resolve("m", None, "auto")
            assert meant.servable.signature.variant == "float16"
            assert set(version.servables) == {"int8", "float16"}

    run(go())


def test_auto_of_an_old_version_chooses_among_its_own(digits: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path, preload=("int8",)) as there:
            there.bring(digits, "m", 1)
            there.bring(digits, "m", 2)
            await there.look()
            meant = await there.registry.resolve("m", 1, "auto")
            assert meant.servable.signature.version == 1
            assert meant.servable.signature.variant == digits.manifest.default_variant
            with pytest.raises(UnknownTargetError, match="has no version 9"):
                await there.registry.resolve("m", 9, "auto")

    run(go())


def test_auto_itself_is_not_unloaded(digits: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            there.bring(digits, "m", 1)
            await there.look()
            with pytest.raises(InvalidRequestError, match="unload one of: int8"):
                await there.registry.unload("m", "auto")

    run(go())


def test_a_model_that_is_gone_has_no_series_of_its_policy(digits: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            there.bring(digits, "m", 1)
            there.bring(digits, "n", 1)
            await there.look()
            (tmp_path / "m").rename(tmp_path.parent / f"{tmp_path.name}-gone")
            await there.look()
            await there.look(after_s=SETTLE_S)
            assert 'refused_policy{model="m"}' not in there.metrics.exposition().decode()
            assert sample(there.metrics.exposition().decode(), 'refused_policy{model="n"}') == 0

    run(go())
