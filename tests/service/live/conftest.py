"""A registry with two variants of `digits`, and what counts for them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.live import expected
from service.live.live import AGREEMENT
from service.live.tallies import Tallies
from service.repository.servable import Servable
from tests.service.repository.deployed import Deployed, deployed

LABELS = '{model="digits",shadow="int8",variant="float32",version="1"}'


@dataclass
class Pair:
    """Two variants that are loaded, and the tallies of how often they agree."""

    there: Deployed
    tallies: Tallies

    def variant(self, name: str) -> Servable:
        return self.there.registry.models["digits"][1].servables[name]

    def add(self, success: float, times: int = 1) -> None:
        for _ in range(times):
            self.tallies.add(success, self.variant("float32"), self.variant("int8"))

    def metric(self, part: str, *, bound: str | None = None) -> float:
        labels = LABELS if bound is None else LABELS.replace("{", f'{{bound="{bound}",')
        return self.there.metric(f"{AGREEMENT}{part}{labels}")


WithPair = Callable[[Callable[[Pair], Awaitable[None]]], None]


@pytest.fixture
def with_pair(digits_alone: Path) -> WithPair:
    """Runs a test with both variants loaded."""

    def run(body: Callable[[Pair], Awaitable[None]]) -> None:
        async def go() -> None:
            async with deployed(digits_alone, preload=("float32", "int8")) as there:
                series = there.metrics.share(AGREEMENT, "Requests", ["model", "version", "variant", "shadow"])
                tallies = Tallies("agreement", there.registry, series, expected.agreement, workers=1)
                there.metrics.call_before_reading(tallies.hand_on)
                await there.look()
                await body(Pair(there, tallies))

        asyncio.run(go())

    return run
