"""A name that was asked for and is not there is told at the start, once, and by readiness."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bundle.bundle import Bundle
from bundle.store import ModelStore
from service.repository.wishes import missing_default
from tests.service.repository.deployed import Deployed, deployed, until

NO_VARIANT = "--preload names 'int9', which no model has; there are: "


def is_ready(there: Deployed) -> bool:
    return there.registry.why_not_ready is None


@pytest.mark.parametrize(
    ("default_model", "preload", "told"),
    [
        (None, ("int9",), f"no model is loaded; {NO_VARIANT}"),
        ("digit", None, "--default-model is 'digit'; there is: m"),
    ],
    ids=["preload", "default model"],
)
def test_a_name_that_is_not_there_is_told_at_the_start_and_by_readiness(
    digits: Bundle,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    default_model: str | None,
    preload: tuple[str, ...] | None,
    told: str,
) -> None:
    async def go() -> None:
        async with deployed(tmp_path, default_model=default_model, preload=preload) as there:
            there.bring(digits, "m", 1)
            await there.registry.start()
            assert (there.registry.why_not_ready or "").startswith(told)
            watching = asyncio.create_task(there.registry.watch(0.001))
            there.bring(digits, "m", 2)  # and when it is seen, there was another look
            await until(lambda: there.registry.serving["m"].number == 2)
            watching.cancel()

    asyncio.run(go())
    (name,) = preload or (default_model,)
    assert sum(repr(name) in line for line in caplog.messages) == 1  # and not again with each look


def test_a_name_beside_others_that_is_not_there_is_told_and_no_reason_to_be_idle(
    digits: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def go() -> None:
        async with deployed(tmp_path, preload=("int8", "int9")) as there:
            there.bring(digits, "m", 1)
            await there.registry.start()
            assert there.registry.why_not_ready is None

    asyncio.run(go())
    assert any(line.startswith(NO_VARIANT) for line in caplog.messages)
    assert not any("'int8'" in line for line in caplog.messages)


def test_a_default_model_that_comes_later_is_ready_then(
    models: Path, digits: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def go() -> None:
        async with deployed(tmp_path, default_model="breast_cancer") as there:
            there.bring(digits, "m", 1)
            await there.registry.start()
            assert "--default-model is 'breast_cancer'; there is: m" in caplog.messages
            assert not is_ready(there)
            there.bring(ModelStore(models).open("breast_cancer"), "breast_cancer", 1)
            await there.look()
            assert is_ready(there)
            assert await there.answers() == "breast_cancer/1"

    asyncio.run(go())


def test_a_default_variant_may_be_the_cascade_and_is_told_of_it_where_it_is_misspelt(
    digits: Bundle, cascaded: Bundle
) -> None:
    one, two = {"a": digits.manifest}, {"a": digits.manifest, "b": cascaded.manifest}
    for wanted in (None, "auto", "cascade", "int8"):
        assert missing_default(wanted, two) is None
    assert "which no model has; there are: cascade, dynamic_int8, " in str(missing_default("cascad", two))
    assert "'cascade', which no model has; there are: dynamic_int8, " in str(missing_default("cascade", one))
    assert missing_default("cascad", {}) is None
