"""A memo of what requests mean: it remembers, and never longer than that is true."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bundle.bundle import Bundle
from bundle.errors import BundleDamagedError
from bundle.store import ModelStore
from service.engine.lanes import Lanes
from service.errors import UnknownTargetError
from service.observe.metrics import Metrics
from service.repository.loader import Load
from service.repository.proof.findings import FINDINGS_VARIABLE
from service.repository.proof.prover import Prover
from service.repository.registry import Registry
from service.repository.resolver import Resolver
from service.repository.servable import Servable, load
from service.wire.signature import Signature
from service.wire.target import Target


@pytest.fixture
def store(models: Path, tmp_path: Path) -> ModelStore:
    """A store with one version of digits."""
    shutil.copytree(models / "digits" / "1", tmp_path / "digits" / "1")
    return ModelStore(tmp_path)


def add_version(store: ModelStore) -> None:
    """Publish the first version again as the second."""
    shutil.copytree(store.folder("digits", 1), store.root / "new")
    (store.root / "new").rename(store.root / "digits" / "2")


class Names:
    """Binds a variant to its name and version, and counts how often."""

    def __init__(self) -> None:
        self.bound: list[str] = []

    def __call__(self, signature: Signature) -> str:
        self.bound.append(f"{signature.variant} of {signature.model}/{signature.version}")
        return self.bound[-1]


Body = Callable[[Registry, Resolver[str]], Coroutine[Any, Any, None]]


def run(
    store: ModelStore, names: Names, body: Body, *, wrap: Callable[[Load], Load] = lambda one: one
) -> None:
    """Run `body` with a registry that has loaded int8, and a resolver of it."""

    async def go() -> None:
        metrics = Metrics(lambda: 0)
        lanes = Lanes(1, inline_us=1e9, waiting_rows=100, waiting_us=1e12)
        loader = wrap(partial(load, lanes=lanes, metrics=metrics))
        prover = Prover(Path(os.environ[FINDINGS_VARIABLE]))
        registry = Registry(store, loader, metrics, default_model=None, preload=("int8",), prover=prover)
        resolver = Resolver(registry, names)
        await registry.start()
        assert registry.why_not_ready is None
        await body(registry, resolver)
        lanes.close()

    asyncio.run(go())


def test_what_means_the_same_is_bound_once(store: ModelStore) -> None:
    names = Names()

    async def body(_: Registry, resolver: Resolver[str]) -> None:
        targets = [Target(variant="int8"), Target("digits", 1, "int8"), Target("digits", None, "int8")]
        found = [resolver.loaded(target) for target in targets * 2]
        found.append(await resolver.load(targets[0]))
        assert all(one is found[0] for one in found)

    run(store, names, body)
    assert names.bound == ["int8 of digits/1"]


def test_what_is_not_loaded_has_to_be_awaited(store: ModelStore) -> None:
    async def body(_: Registry, resolver: Resolver[str]) -> None:
        target = Target(variant="float16")
        assert resolver.loaded(target) is None
        assert (await resolver.load(target)).codec == "float16 of digits/1"
        bound = resolver.loaded(target)
        assert bound is not None
        assert bound.servable.signature.variant == "float16"
        with pytest.raises(UnknownTargetError):
            await resolver.load(Target(variant="int3"))

    run(store, Names(), body)


def test_a_new_version_is_meant_as_soon_as_it_serves(store: ModelStore) -> None:
    async def body(registry: Registry, resolver: Resolver[str]) -> None:
        newest, first = Target(variant="int8"), Target(version=1, variant="int8")
        assert resolver.loaded(newest) is resolver.loaded(first) is not None
        add_version(store)
        await registry.refresh()
        bound = resolver.loaded(newest)
        assert bound is not None
        assert bound.codec == "int8 of digits/2"
        assert resolver.loaded(first) is None  # it was unloaded, and the memo does not keep it

    run(store, Names(), body)


def test_a_version_that_is_refused_half_loaded_answers_nobody_any_more(store: ModelStore) -> None:
    second = Target(version=2, variant="int8")
    asked: list[bool] = []

    async def body(registry: Registry, resolver: Resolver[str]) -> None:
        def look(bundle: Bundle, variant: str) -> None:
            if (bundle.version, variant) == (2, "int16x8"):
                asked.append(resolver.loaded(second) is not None)  # a client asks just now
                raise BundleDamagedError(Path("int16x8.tflite"), "is garbage")

        looks.append(look)
        await resolver.load(Target(variant="int16x8"))  # in use, so a version without it is refused
        add_version(store)
        await registry.refresh()
        assert asked == [True]
        assert registry.models["digits"][2].state == "refused"
        assert resolver.loaded(second) is None
        bound = resolver.loaded(Target(variant="int8"))
        assert bound is not None
        assert bound.codec == "int8 of digits/1"

    looks: list[Callable[[Bundle, str], None]] = []

    def wrap(loader: Load) -> Load:
        def wrapped(bundle: Bundle, variant: str) -> Servable:
            for look in looks:
                look(bundle, variant)
            return loader(bundle, variant)

        return wrapped

    run(store, Names(), body, wrap=wrap)
