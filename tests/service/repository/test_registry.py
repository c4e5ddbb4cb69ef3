"""Versions come, are damaged, and go, under load: nobody notices, but for the answers' version."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest

from bundle.bundle import Bundle
from bundle.manifest import Manifest
from bundle.store import ModelStore, describe
from service.engine.lanes import Lanes
from service.observe.metrics import Metrics
from service.repository.registry import Registry
from service.repository.servable import load as load_servable
from tests.bundle.test_store import refill
from tests.service.load import OCTETS, Load, load
from tests.service.repository.moving import ROW, Moving

THINK_S = 0.01  # of each client; what is tested here is not speed


@contextmanager
def int8_load(moving: Moving, *, connections: int = 4) -> Iterator[Load]:
    path = f"/predict?variant=int8&model={moving.name}"
    client = moving.service.client
    with load(client, path, ROW, connections=connections, headers=OCTETS, think_s=THINK_S) as running:
        running.wait_for(20)
        yield running


def swap(moving: Moving, swaps: int, *, settled_after: int) -> None:
    resident = []
    with int8_load(moving) as running:
        process = psutil.Process(moving.service.process.pid)
        for _ in range(swaps):
            moving.wait_for_version(moving.publish())
            running.wait_for(5)
            resident.append(process.memory_info().rss)
        running.stop()
        assert running.failures() == []
        for number in range(4):
            versions = [s.version or 0 for s in running.samples if s.connection == number]
            assert versions == sorted(versions)
            assert versions[-1] == swaps + 1
        assert {sample.version for sample in running.samples} == set(range(1, swaps + 2))
        assert moving.metric("model_version") == swaps + 1
        states = [v["state"] for v in moving.wait_until(lambda _: True)["versions"]]
        assert states == ["unloaded"] * swaps + ["serving"]
    settled = resident[settled_after]
    assert max(resident[settled_after:]) - settled < 24 * 2**20, resident


def test_versions_are_swapped_in_under_load_without_a_failed_request(moving: Moving) -> None:
    swap(moving, 3, settled_after=1)


@pytest.mark.slow
def test_two_hundred_versions_are_swapped_in_under_load_without_a_failed_request(moving: Moving) -> None:
    swap(moving, 200, settled_after=10)


def break_graph(folder: Path) -> None:
    """Put garbage where the graph should be, and make the manifest agree with it."""
    path = folder / "variants" / "int8.tflite"
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def test_a_damaged_version_is_refused_under_load_and_a_sound_one_after_it_serves(
    moving: Moving, tmp_path: Path
) -> None:
    with int8_load(moving) as running:
        damaged = shutil.copytree(moving.folder / "1", tmp_path / "damaged")
        break_graph(damaged)
        damaged.rename(moving.folder / "2")
        told = moving.wait_until(
            lambda model: len(model["versions"]) == 2 and model["versions"][1]["state"] == "refused"
        )
        assert "int8.tflite: has sha256" in told["versions"][1]["detail"]
        assert told["version"] == 1
        assert moving.metric("refused_version") == 2
        assert moving.metric("model_version") == 1
        running.wait_for(10)
        assert running.samples[-1].version == 1
        assert moving.publish() == 3
        moving.wait_for_version(3)
        assert moving.metric("refused_version") == 2  # it is still there
        shutil.rmtree(moving.folder / "2")
        moving.wait_until(lambda model: len(model["versions"]) == 2)
        assert moving.metric("refused_version") == 0
        running.stop()
        assert running.failures() == []


def garbage_for_tensorflow(bundle: Bundle) -> Callable[[Path], Manifest]:
    """Return a `fill` of a version whose TensorFlow graph is garbage, which only loading it tells."""

    def fill(folder: Path) -> Manifest:
        manifest = refill(bundle)(folder)
        variant = bundle.variant("tensorflow")
        graph = next(file for file in variant.files if file.path.endswith("saved_model.pb"))
        (folder / graph.path).write_bytes(b"garbage")
        broken = describe(folder, folder / graph.path)
        files = tuple(broken if file == graph else file for file in variant.files)
        variants = tuple(
            one.model_copy(update={"files": files}) if one == variant else one for one in manifest.variants
        )
        return manifest.model_copy(update={"variants": variants})

    return fill


@pytest.mark.slow
def test_a_version_that_loses_a_variant_in_use_is_refused(digits: Bundle, tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    store.publish("digits", refill(digits))

    async def go() -> None:
        metrics = Metrics(lambda: 0)
        lanes = Lanes(1, inline_us=1e9, waiting_rows=100, waiting_us=1e12)
        loader = partial(load_servable, lanes=lanes, metrics=metrics)
        registry = Registry(store, loader, metrics, default_model=None, preload=("int8",))
        await registry.start()
        assert (await registry.resolve(None, None, "tensorflow")).servable.signature.version == 1
        store.publish("digits", garbage_for_tensorflow(digits))
        await registry.refresh()
        refusal = registry.models["digits"][2].refusal
        assert refusal is not None
        assert "variant 'tensorflow' could not be loaded" in refusal
        assert (await registry.resolve(None, None, "tensorflow")).servable.signature.version == 1
        lanes.close()

    asyncio.run(go())


def test_deleting_the_newest_version_rolls_back_to_the_one_before(moving: Moving) -> None:
    with int8_load(moving) as running:
        moving.wait_for_version(moving.publish())
        shutil.rmtree(moving.folder / "2")
        moving.wait_for_version(1)
        assert moving.metric("model_version") == 1
        assert moving.metric("variant_loaded", 'variant="int8"') == 1
        told = moving.wait_until(lambda model: len(model["versions"]) == 1)
        assert told["versions"] == [{"version": 1, "state": "serving", "detail": None}]
        running.stop()
        assert running.failures() == []


@pytest.mark.parametrize(
    ("swaps", "rounds"),
    [pytest.param(2, 2, id="short"), pytest.param(5, 5, marks=pytest.mark.slow, id="long")],
)
def test_variants_asked_for_while_versions_are_swapped_are_loaded_all_the_same(
    moving: Moving, swaps: int, rounds: int
) -> None:
    """A variant that is not preloaded may be loading just when its version is replaced."""
    for swap in range(swaps):
        moving.publish()
        for _ in range(rounds):
            answers = [moving.predict(variant) for variant in ("float16", "dynamic_int8", "int16x8")]
            answers += [moving.predict("int8", version=version) for version in range(1, swap + 2)]
            assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
