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
_READ = (
    "requests_total",
    "request_seconds_bucket",
    "rows_total",
    "batch_rows_count",
    "choices_total",
    "cascade_rows_total",
    "escalated_rows_total",
    "escalation_shifted",
    "ready_workers",
    "waiting_rows",
)


class Cost(BaseModel):
    """What a call of a variant that is loaded hardly ever takes longer than, learned while it serves."""

    one_row_us: float
    several_rows_us: float
    """Of 32 rows."""
    is_on_front: bool
    """Whether none that is loaded is as accurate and as cheap, 32 rows a call, and better in one of both."""


class Traffic(BaseModel):
    """What came of the requests to a variant, whichever version answered."""

    outcomes: dict[str, int]
    rows: int
    calls: int
    within: list[int]
    """How many of those answered with 200 took at most as long as each bound says."""
    choices: dict[str, int]
    """How often the service chose it, by the reason."""


class Counted(BaseModel):
    """What has been counted since the service began: of two such, the difference is what happened between."""

    outcomes: dict[str, int]
    """Of all requests, whatever they were for."""
    traffic: dict[str, Traffic]
    """To the model that is shown, by variant."""
    cascade_rows: int
    """That the first variant of its cascade has answered."""
    escalated_rows: int
    """That went on to the second."""


class Shown(BaseModel):
    """The version that the page is about."""

    catalogue: Variants
    policy: PolicyInfo | None
    costs: dict[str, Cost]
    """By the name of each variant that is loaded."""
    is_shifted: bool
    """Whether the share of rows that escalate has left its band."""


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
    bounds_s: list[float | None]
    """Of the times in `counted`, in seconds, the last of them None for any time."""
    counted: Counted
    models: list[Known]
    shown: Shown | None
    why_not_shown: str | None


async def figures(
    registry: Registry, metrics: Metrics, live: Live, model: str | None, number: int | None
) -> Figures:
    """Gather the figures, and those of one version, by default the newest of the default model."""
    samples = list(metrics.samples(*_READ))
    found = totals(samples)
    bounds_s = sorted({bound for of in found.values() for bound in of.within})
    shown, why_not_shown = None, None
    try:
        version = await registry.version(model, number)
        shown = Shown(
            catalogue=variants_of(version, registry, live),
            policy=policy_info(version, registry.policies),
            costs=_costs(version),
            is_shifted=_sum(samples, "escalation_shifted", model=version.model) > 0,
        )
    except RequestError as error:
        why_not_shown = str(error)
    return Figures(
        why_not_ready=registry.why_not_ready,
        workers=_sum(samples, "ready_workers"),
        waiting_rows=_sum(samples, "waiting_rows"),
        bounds_s=[None if isinf(bound) else bound for bound in bounds_s],
        counted=_counted(samples, found, bounds_s, "" if shown is None else shown.catalogue.model),
        models=[_known(model, list(versions.values())) for model, versions in registry.models.items()],
        shown=shown,
        why_not_shown=why_not_shown,
    )


def _counted(
    samples: Sequence[Sample], found: dict[tuple[str, str], Totals], bounds_s: Sequence[float], model: str
) -> Counted:
    return Counted(
        outcomes=_outcomes(samples),
        traffic={variant: _traffic(of, bounds_s) for (name, variant), of in found.items() if name == model},
        cascade_rows=_sum(samples, "cascade_rows_total", model=model),
        escalated_rows=_sum(samples, "escalated_rows_total", model=model),
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


def _traffic(of: Totals, bounds_s: Sequence[float]) -> Traffic:
    return Traffic(
        outcomes=of.outcomes,
        rows=of.rows,
        calls=of.calls,
        within=[of.within.get(bound, 0) for bound in bounds_s],
        choices=of.choices,
    )


def _known(name: str, versions: Sequence[Version]) -> Known:
    return Known(
        name=name,
        versions=[VersionInfo(version=one.number, state=one.state, detail=one.detail) for one in versions],
    )


def _sum(samples: Sequence[Sample], name: str, **labels: str) -> int:
    """Return what the samples of a name add up to, those with these labels."""
    found = [one.value for one in samples if one.name == name and labels.items() <= one.labels.items()]
    return round(sum(found))


def _outcomes(samples: Sequence[Sample]) -> dict[str, int]:
    found: defaultdict[str, int] = defaultdict(int)
    for sample in samples:
        if sample.name == "requests_total":
            found[sample.labels["outcome"]] += int(sample.value)
    return found
