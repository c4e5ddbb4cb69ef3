"""A model whose versions come and go."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bundle.bundle import Bundle
from bundle.store import ModelStore
from tests.bundle.test_store import refill
from tests.patience import wait_until
from tests.running_service import RunningService
from tests.service.load import OCTETS
from tests.service.metrics_text import scrape, wait_for

ROW = bytes(256)


@dataclass(frozen=True)
class Moving:
    """A model whose versions a test brings and takes away while a service answers for it."""

    name: str
    bundle: Bundle
    store: ModelStore
    service: RunningService

    @property
    def folder(self) -> Path:
        return self.store.root / self.name

    def publish(self) -> int:
        """Add a version, and return its number."""
        return self.store.publish(self.name, refill(self.bundle)).version

    def predict(self, variant: str, **query: int) -> httpx.Response:
        params = {"model": self.name, "variant": variant} | query
        return self.service.client.post("/predict", params=params, content=ROW, headers=OCTETS)

    def metric(self, name: str, *labels: str) -> float:
        """Return a metric of this model, whose other labels are given whole."""
        return scrape(self.service.client, self.series(name, *labels))

    def series(self, name: str, *labels: str) -> str:
        every = ",".join([f'model="{self.name}"', *labels])
        return f"{name}{{{every}}}"

    def wait_until(self, is_right: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return what `/models` says of the model once it is right."""

        def told() -> list[dict[str, Any]]:
            models: list[dict[str, Any]] = self.service.client.get("/models").json()["models"]
            return models

        return wait_until(
            lambda: next((one for one in told() if one["name"] == self.name and is_right(one)), None), told
        )

    def wait_for_version(self, version: int) -> None:
        """Wait until this version answers; every answer before has to be right as well."""

        def is_answering() -> bool:
            answer = self.predict("int8")
            assert answer.status_code == 200, answer.text
            return bool(answer.json()["version"] == version)

        wait_until(is_answering)


@contextmanager
def moving_model(name: str, bundle: Bundle, store: ModelStore, service: RunningService) -> Iterator[Moving]:
    """Bring a model of that name, with one version, and wait until it serves."""
    moving = Moving(name, bundle, store, service)
    moving.publish()
    wait_for(service.client, moving.series("model_version"), lambda version: version == 1)
    yield moving
    shutil.rmtree(moving.folder, ignore_errors=True)
