"""What the page shows: what the service knows already, in one document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from math import isinf
from typing import Any, Literal

from prometheus_client.samples import Sample
from pydantic import BaseModel

from evidence.pareto import front
from service.errors import RequestError, UnavailableError
from service.observe.metrics import Metrics
from service.observe.statistics import Totals, totals
from service.repository.registry import Registry, why_unavailable
from service.repository.version import Version
from service.routes.catalog import VariantInfo, VersionInfo, variant_info

_SEVERAL_ROWS = 32


class Rung(VariantInfo):
    """A variant, and what it costs here."""

    one_row_us: float | None
    """What a call of one row hardly ever takes longer than, learned while it serves; None unless loaded."""
    several_rows_us: float | None
    """The same for a call of 32 rows."""
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

    model: str
    version: int
    default: str
    reference: str
    truth: Literal["labels", "reference"]
    variants: list[Rung]
    traffic: list[Traffic]
    policy: dict[str, Any]


class Known(BaseModel):
    """A model, and what there is of it."""

    name: str
    serving: int | None
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


async def figures(registry: Registry, metrics: Metrics, model: str | None, number: int | None) -> Figures:
    """Gather the figures, and those of one version, by default the newest of the default model."""
    samples = list(metrics.samples())
    shown, why_not_shown = None, None
    try:
        shown = _shown(await registry.version(model, number), registry, totals(samples))
    except RequestError as error:
        why_not_shown = str(error)
    return Figures(
        why_not_ready=registry.why_not_ready,
        workers=round(_gauge(samples, "ready_workers")),
        waiting_rows=round(_gauge(samples, "waiting_rows")),
        outcomes=_outcomes(samples),
        models=[_known(name, registry) for name in registry.models],
        shown=shown,
        why_not_shown=why_not_shown,
    )


def _shown(version: Version, registry: Registry, counted: dict[tuple[str, str], Totals]) -> Shown:
    if version.bundle is None:
        raise UnavailableError(why_unavailable(version))
    manifest = version.bundle.manifest
    names = [variant.name for variant in manifest.variants]
    return Shown(
        model=version.model,
        version=version.number,
        default=manifest.default_variant,
        reference=manifest.reference,
        truth=manifest.truth,
        variants=_rungs(version, names),
        traffic=[_traffic(name, of) for (model, name), of in counted.items() if model == version.model],
        policy=asdict(registry.policies.of(version.model)),
    )


def _rungs(version: Version, names: Sequence[str]) -> list[Rung]:
    fields = {name: variant_info(version, name) for name in names}
    loaded = [name for name in names if name in version.servables]
    cost_us = {
        name: [version.servables[name].batcher.cost_us(rows) for rows in (1, _SEVERAL_ROWS)]
        for name in loaded
    }
    best = front([(fields[name]["accuracy"], -cost_us[name][1]) for name in loaded])
    on_front = {loaded[place] for place in best}
    rungs = []
    for name in names:
        one_row_us, several_rows_us = cost_us.get(name, (None, None))
        rungs.append(
            Rung(
                **fields[name],
                one_row_us=one_row_us,
                several_rows_us=several_rows_us,
                is_on_front=name in on_front,
            )
        )
    return rungs


def _traffic(variant: str, of: Totals) -> Traffic:
    within = [(None if isinf(seconds) else seconds, count) for seconds, count in sorted(of.within.items())]
    return Traffic(variant=variant, outcomes=of.outcomes, rows=of.rows, calls=of.calls, within=within)


def _known(name: str, registry: Registry) -> Known:
    serving = registry.serving.get(name)
    return Known(
        name=name,
        serving=serving.number if serving else None,
        versions=[
            VersionInfo(version=one.number, state=one.state, detail=one.detail)
            for one in registry.models[name].values()
        ],
    )


def _gauge(samples: Sequence[Sample], name: str) -> float:
    return next((sample.value for sample in samples if sample.name == name), 0.0)


def _outcomes(samples: Sequence[Sample]) -> dict[str, int]:
    found: defaultdict[str, int] = defaultdict(int)
    for sample in samples:
        if sample.name == "requests_total":
            found[sample.labels["outcome"]] += int(sample.value)
    return found
