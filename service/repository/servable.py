"""A variant that is loaded, proven and warm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import NamedTuple

import numpy as np

from bundle.bundle import Bundle
from bundle.manifest import CASCADE, CascadeSpec
from bundle.normalizer import FloatArray
from bundle.proof.selftest import check
from bundle.runtimes import Runtime, opener
from service.engine.batcher import Batcher
from service.engine.cascade import Cascade
from service.engine.choice import Chooser
from service.engine.cost import Cost
from service.engine.escalation import FALSE_ALARMS, Escalation
from service.engine.lanes import Lanes
from service.engine.runner import Runner
from service.observe.metrics import Metrics, VariantMetrics
from service.wire.signature import Signature

_COSTED_ROWS = 32
_COSTING_RUNS = 5
_COSTING_US = 1e6  # a slow call needs no second one to be known for slow


@dataclass(frozen=True, eq=False)
class Servable:
    """One variant of one version, with all that answering a request takes but for the words of a protocol.

    Whoever holds one may use it, replaced or not; the graphs are freed when the last holder lets go.
    Compared by identity: a version that was loaded anew is another.
    """

    signature: Signature
    batcher: Runner
    metrics: VariantMetrics


class Meant(NamedTuple):
    """What a request means: the variant that answers, or one that stands for those to choose among."""

    servable: Servable
    chooser: Chooser | None = None


def load(bundle: Bundle, variant: str, *, lanes: Lanes, metrics: Metrics) -> Servable:
    """Open a variant, compare it with its golden answers, and time it.

    Raises BundleDamagedError and RuntimeUnavailableError.
    """
    open_another = opener(
        bundle, variant
    )  # of what was read now: a version may go on when its files are gone
    runtime = open_another()
    check(bundle, variant, runtime)  # which prepares every batch size, too
    rows = np.resize(bundle.golden(variant)[0], (_COSTED_ROWS, bundle.manifest.input.features))
    series = metrics.variant(bundle.name, variant)
    return Servable(
        signature=Signature(
            model=bundle.name,
            version=bundle.version,
            variant=variant,
            input=bundle.manifest.input,
            encoder=bundle.encoder(),
            labels=bundle.manifest.labels,
        ),
        batcher=Batcher(
            runtime,
            open_another,
            cost=cost_of(runtime, rows),
            lanes=lanes,
            observe=series.observe_call,
        ),
        metrics=series,
    )


def join(spec: CascadeSpec, first: Servable, second: Servable, *, metrics: Metrics) -> Servable:
    """Make a cascade of two variants of a version, which answer by themselves as well."""
    signature = replace(first.signature, variant=CASCADE)
    series = metrics.cascades.of(signature.model, signature.version)
    series.tell(is_shifted=False)  # whatever was found before, it has not begun to watch
    escalation = Escalation(
        f"{signature.model}/{signature.version}",
        spec,
        observe=series.observe,
        tell=series.tell,
        false_alarms=FALSE_ALARMS / metrics.processes,
    )
    return Servable(
        signature,
        Cascade(first.batcher, second.batcher, threshold=spec.threshold, escalation=escalation),
        metrics.variant(signature.model, CASCADE),
    )


def cost_of(runtime: Runtime, rows: FloatArray, clock: Callable[[], float] = perf_counter) -> Cost:
    """Time calls of one of the `rows`, and of all, or of two where all would take too long."""
    one = _fastest_us(runtime, rows[:1], clock)
    several = rows if one * len(rows) <= _COSTING_US else rows[:2]
    return Cost.fit(one, _fastest_us(runtime, several, clock), len(several))


def _fastest_us(runtime: Runtime, rows: FloatArray, clock: Callable[[], float]) -> float:
    """Return the shortest of a few timings: what the call costs when nothing is in its way."""
    timings: list[float] = []
    while len(timings) < _COSTING_RUNS and sum(timings) * 1e6 < _COSTING_US:
        start = clock()
        runtime.predict(rows)
        timings.append(clock() - start)
    return min(timings) * 1e6
