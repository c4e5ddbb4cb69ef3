"""Versions come, are damaged, and go, under load: nobody notices, but for the answers' version."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from bundle.bundle import Bundle
from bundle.store import ModelStore, describe
from tests.bundle.test_store import refill
from tests.running_service import RunningService, running_service
from tests.service.load import OCTETS, Load, load
from tests.service.metrics_text import scrape

ROW = bytes(256)
VERSION = 'model_version{model="digits"}'
REFUSED = 'refused_version{model="digits"}'
LOADED = 'variant_loaded{model="digits",variant="int8"}'


@contextmanager
def swapping(store: ModelStore, first: Bundle, log: Path) -> Iterator[RunningService]:
    """A service on version 1 of `first`, that looks for others without pause."""
    store.publish("digits", refill(first))
    arguments = ("--preload", "int8,float32", "--reload-s", "0.02")
    with running_service(store.root, log, *arguments) as service:
        yield service


@contextmanager
def int8_load(service: RunningService, *, connections: int = 4) -> Iterator[Load]:
    path = "/predict?variant=int8"
    with load(service.client, path, ROW, connections=connections, headers=OCTETS) as running:
        running.wait_for(20)
        yield running


def wait_until(client: httpx.Client, is_right: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return what `/models` says of digits once it is right."""
    deadline = time.monotonic() + 120
    while not is_right(model := client.get("/models").json()["models"][0]):
        assert time.monotonic() < deadline, model
        time.sleep(0.01)  # between two looks at the condition
    return dict(model)


def wait_for_version(client: httpx.Client, version: int) -> None:
    """Wait until this version answers."""
    deadline = time.monotonic() + 120
    while True:
        answer = client.post("/predict?variant=int8", content=ROW, headers=OCTETS)
        assert answer.status_code == 200, answer.text
        if answer.json()["version"] == version:
            return
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.01)  # between two looks at the condition


def swap(models: Path, tmp_path: Path, swaps: int, *, settled_after: int) -> None:
    first = ModelStore(models).open("digits")
    store = ModelStore(tmp_path / "models")
    resident = []
    with swapping(store, first, tmp_path / "log") as service, int8_load(service) as running:
        process = psutil.Process(service.process.pid)
        for _ in range(swaps):
            version = store.publish("digits", refill(first)).version
            wait_for_version(service.client, version)
            running.wait_for(5)
            resident.append(process.memory_info().rss)
        running.stop()
        assert running.failures() == []
        for number in range(4):
            versions = [s.version or 0 for s in running.samples if s.connection == number]
            assert versions == sorted(versions)
            assert versions[-1] == swaps + 1
        assert {sample.version for sample in running.samples} == set(range(1, swaps + 2))
        assert scrape(service.client, VERSION) == swaps + 1
        states = [v["state"] for v in wait_until(service.client, lambda _: True)["versions"]]
        assert states == ["unloaded"] * swaps + ["serving"]
    settled = resident[settled_after]
    assert max(resident[settled_after:]) - settled < 24 * 2**20, resident


def test_five_versions_are_swapped_in_under_load_without_a_failed_request(
    models: Path, tmp_path: Path
) -> None:
    swap(models, tmp_path, 5, settled_after=1)


@pytest.mark.slow
def test_two_hundred_versions_are_swapped_in_under_load_without_a_failed_request(
    models: Path, tmp_path: Path
) -> None:
    swap(models, tmp_path, 200, settled_after=10)


def break_graph(folder: Path) -> None:
    """Put garbage where the graph should be, and make the manifest agree with it."""
    path = folder / "variants" / "int8.tflite"
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def test_a_damaged_version_is_refused_under_load_and_a_sound_one_after_it_serves(
    models: Path, tmp_path: Path
) -> None:
    first = ModelStore(models).open("digits")
    store = ModelStore(tmp_path / "models")
    with swapping(store, first, tmp_path / "log") as service, int8_load(service) as running:
        damaged = shutil.copytree(store.folder("digits", 1), tmp_path / "damaged")
        break_graph(damaged)
        damaged.rename(store.root / "digits" / "2")
        told = wait_until(
            service.client,
            lambda model: len(model["versions"]) == 2 and model["versions"][1]["state"] == "refused",
        )
        assert "int8.tflite: has sha256" in told["versions"][1]["detail"]
        assert told["version"] == 1
        assert scrape(service.client, REFUSED) == 2
        assert scrape(service.client, VERSION) == 1
        running.wait_for(10)
        assert running.samples[-1].version == 1
        assert store.publish("digits", refill(first)).version == 3
        wait_for_version(service.client, 3)
        assert scrape(service.client, REFUSED) == 2  # it is still there
        shutil.rmtree(store.root / "digits" / "2")
        wait_until(service.client, lambda model: len(model["versions"]) == 2)
        assert scrape(service.client, REFUSED) == 0
        running.stop()
        assert running.failures() == []


def test_a_version_that_loses_a_variant_in_use_is_refused(models: Path, tmp_path: Path) -> None:
    """Its TensorFlow graph is garbage, which only loading it tells."""
    first = ModelStore(models).open("digits")
    store = ModelStore(tmp_path / "models")
    with swapping(store, first, tmp_path / "log") as service:
        path = "/predict?variant=tensorflow"
        assert service.client.post(path, content=ROW, headers=OCTETS).status_code == 200

        def fill(folder: Path) -> Any:
            manifest = refill(first)(folder)
            variant = manifest.variant("tensorflow")
            assert variant is not None
            graph = next(file for file in variant.files if file.path.endswith("saved_model.pb"))
            content = b"garbage"
            (folder / graph.path).write_bytes(content)
            broken = describe(folder, folder / graph.path)
            files = tuple(broken if file == graph else file for file in variant.files)
            variants = tuple(
                v.model_copy(update={"files": files}) if v.name == "tensorflow" else v
                for v in manifest.variants
            )
            return manifest.model_copy(update={"variants": variants})

        store.publish("digits", fill)
        told = wait_until(
            service.client,
            lambda model: len(model["versions"]) == 2 and model["versions"][1]["state"] == "refused",
        )
        assert "variant 'tensorflow' could not be loaded" in told["versions"][1]["detail"]
        assert service.client.post(path, content=ROW, headers=OCTETS).json()["version"] == 1


def test_deleting_the_newest_version_rolls_back_to_the_one_before(models: Path, tmp_path: Path) -> None:
    first = ModelStore(models).open("digits")
    store = ModelStore(tmp_path / "models")
    with swapping(store, first, tmp_path / "log") as service, int8_load(service) as running:
        store.publish("digits", refill(first))
        wait_for_version(service.client, 2)
        shutil.rmtree(store.root / "digits" / "2")
        wait_for_version(service.client, 1)
        assert scrape(service.client, VERSION) == 1
        assert scrape(service.client, LOADED) == 1
        told = wait_until(service.client, lambda model: len(model["versions"]) == 1)
        assert told["versions"] == [{"version": 1, "state": "serving", "detail": None}]
        running.stop()
        assert running.failures() == []


def test_variants_asked_for_while_versions_are_swapped_are_loaded_all_the_same(
    models: Path, tmp_path: Path
) -> None:
    """A variant that is not preloaded may be loading just when its version is replaced."""
    first = ModelStore(models).open("digits")
    store = ModelStore(tmp_path / "models")
    with swapping(store, first, tmp_path / "log") as service:
        for swaps in range(3):
            paths = [f"/predict?variant={name}" for name in ("float16", "dynamic_int8", "int16x8")]
            paths += [f"/predict?variant=int8&version={version}" for version in range(1, swaps + 2)]
            store.publish("digits", refill(first))
            for _ in range(5):
                for path in paths:
                    answer = service.client.post(path, content=ROW, headers=OCTETS)
                    assert answer.status_code == 200, answer.text
