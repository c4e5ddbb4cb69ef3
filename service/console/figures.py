"""What the page shows: what the service knows already, in one document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import isinf

from prometheus_client.samples import Sample
from pydantic import BaseModel

from evidence.pareto import front
from service.errors import RequestError
from service.live.live import Live
from service.observe.metrics import Metrics
from service.observe.statistics import Totals, totals
from service.repository.registry import Registry
from service.repository.version import Version
from service.routes.catalog import PolicyInfo, Variants, VersionInfo, policy_info, variants_of

_SEVERAL_ROWS = 32


class Cost(BaseModel):
    """What a call of a variant that is loaded hardly ever takes longer than, learned while it serves."""

    one_row_us: float
    several_rows_us: float
    """Of 32 rows."""
    is_on_front: bool
    """Whether none that is loaded is as accurate and as cheap, 32 rows a call, and better in one of both."""


class Traffic(BaseModel):
    """What came of the requests to a variant of any version, since the service began."""

    variant: str
    outcomes: dict[str, int]
    rows: int
    calls: int
    within: list[tuple[float | None, int]]
    """How many of those answered with 200 took at most so many seconds; None for any number of them."""


class Shown(BaseModel):
    """The version that the page is about."""

    catalogue: Variants
    policy: PolicyInfo | None
    costs: dict[str, Cost]
    """By the name of each variant that is loaded."""
    traffic: list[Traffic]


class Known(BaseModel):
    """A model, and what there is of it."""

    name: str
    versions: list[VersionInfo]


class Figures(BaseModel):
    """All that the page shows; counts are those of all workers, what a call costs that of the one asked."""

    why_not_ready: str | None
    workers: int
    """That are ready."""
    waiting_rows: int
    outcomes: dict[str, int]
    """Of all requests, whatever they were for."""
    models: list[Known]
    shown: Shown | None
    why_not_shown: str | None


async def figures(
    registry: Registry, metrics: Metrics, live: Live, model: str | None, number: int | None
) -> Figures:
    """Gather the figures, and those of one version, by default the newest of the default model."""
    samples = list(metrics.samples())
    shown, why_not_shown = None, None
    try:
        shown = _shown(await registry.version(model, number), registry, live, totals(samples))
    except RequestError as error:
        why_not_shown = str(error)
    return Figures(
        why_not_ready=registry.why_not_ready,
        workers=round(_gauge(samples, "ready_workers")),
        waiting_rows=round(_gauge(samples, "waiting_rows")),
        outcomes=_outcomes(samples),
        models=[_known(name, list(versions.values())) for name, versions in registry.models.items()],
        shown=shown,
        why_not_shown=why_not_shown,
    )


def _shown(version: Version, registry: Registry, live: Live, counted: dict[tuple[str, str], Totals]) -> Shown:
    return Shown(
        catalogue=variants_of(version, registry, live),
        policy=policy_info(version, registry.policies),
        costs=_costs(version),
        traffic=[_traffic(name, of) for (model, name), of in counted.items() if model == version.model],
    )


def _costs(version: Version) -> dict[str, Cost]:
    options = version.options()
    several_us = [one.runner.cost_us(_SEVERAL_ROWS) for one in options]
    best = front([(one.accuracy, -cost_us) for one, cost_us in zip(options, several_us, strict=True)])
    return {
        one.variant: Cost(
            one_row_us=one.runner.cost_us(1), several_rows_us=cost_us, is_on_front=place in best
        )
        for place, (one, cost_us) in enumerate(zip(options, several_us, strict=True))
    }


def _traffic(variant: str, of: Totals) -> Traffic:
    within = [(None if isinf(seconds) else seconds, count) for seconds, count in sorted(of.within.items())]
    return Traffic(variant=variant, outcomes=of.outcomes, rows=of.rows, calls=of.calls, within=within)


def _known(name: str, versions: Sequence[Version]) -> Known:
    return Known(
        name=name,
        versions=[VersionInfo(version=one.number, state=one.state, detail=one.detail) for one in versions],
    )


def _gauge(samples: Sequence[Sample], name: str) -> float:
    return next((sample.value for sample in samples if sample.name == name), 0.0)


def _outcomes(samples: Sequence[Sample]) -> dict[str, int]:
    found: defaultdict[str, int] = defaultdict(int)
    for sample in samples:
        if sample.name == "requests_total":
            found[sample.labels["outcome"]] += int(sample.value)
    return found
