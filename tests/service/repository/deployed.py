"""A registry without a service around it: its clock is the test's, and its looks are made one by one."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bundle.bundle import Bundle
from bundle.store import ModelStore
from service.engine.lanes import Lanes
from service.observe.metrics import Metrics
from service.repository.loader import Load
from service.repository.proof.findings import FINDINGS_VARIABLE
from service.repository.proof.prover import Prover
from service.repository.registry import Registry
from service.repository.servable import Servable, load
from tests.patience import PATIENCE_S
from tests.service.metrics_text import sample


@dataclass
class Deployed:
    """A registry, the store it looks into, and what it has loaded so far."""

    store: ModelStore
    registry: Registry
    metrics: Metrics
    now: float = 0.0
    loads: list[str] = field(default_factory=list)

    async def look(self, *, after_s: float = 0.0) -> None:
        """Let some time pass, and look."""
        self.now += after_s
        await self.registry.refresh()

    async def answers(self, model: str | None = None, number: int | None = None) -> str:
        """Tell which model and version answers a request."""
        signature = (await self.registry.resolve(model, number, "int8")).servable.signature
        return f"{signature.model}/{signature.version}"

    def metric(self, series: str) -> float:
        return sample(self.metrics.exposition().decode(), series)

    def state(self, model: str, number: int) -> str:
        return self.registry.models[model][number].state

    def bring(self, bundle: Bundle, model: str, number: int) -> Path:
        """Put a bundle in the store as that version, whole at once."""
        folder = self.store.root / model / str(number)
        staging = Path(shutil.copytree(bundle.folder, self.store.root / ".staging"))
        folder.parent.mkdir(parents=True, exist_ok=True)
        return staging.rename(folder)


@asynccontextmanager
async def deployed(
    root: Path,
    *,
    default_model: str | None = None,
    preload: tuple[str, ...] | None = ("int8",),
    old_versions: int = 3,
    before_load: Callable[[Bundle, str], None] = lambda _, __: None,
    store: ModelStore | None = None,
) -> AsyncIterator[Deployed]:
    """Look into `root` with a registry, which has not looked yet."""
    metrics = Metrics(lambda: 0)
    lanes = Lanes(1, inline_us=1e9, waiting_rows=100, waiting_us=1e12)
    loader: Load = partial(load, lanes=lanes, metrics=metrics)

    def load_counted(bundle: Bundle, variant: str) -> Servable:
        before_load(bundle, variant)
        there.loads.append(f"{bundle.name}/{bundle.version}")
        return loader(bundle, variant)

    store = store or ModelStore(root)
    registry = Registry(
        store,
        load_counted,
        metrics,
        default_model=default_model,
        preload=preload,
        old_versions=old_versions,
        prover=Prover(Path(os.environ[FINDINGS_VARIABLE])),
        clock=lambda: there.now,
    )
    there = Deployed(store, registry, metrics)
    try:
        yield there
    finally:
        lanes.close()


async def until(is_right: Callable[[], bool]) -> None:
    """Wait until something is right."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_right():  # noqa: ASYNC110 - what it waits for knows nothing of tests
            await asyncio.sleep(0.005)  # between two looks at the condition
