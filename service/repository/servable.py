"""A variant that is loaded, proven and warm."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from bundle.bundle import Bundle
from bundle.normalizer import FloatArray
from bundle.runtimes import Runtime, opener
from bundle.selftest import check
from service.engine.batcher import Batcher
from service.engine.cost import Cost
from service.engine.lanes import Lanes
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
    batcher: Batcher
    metrics: VariantMetrics


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
    one = _fastest_us(runtime, rows[:1])
    costed = _COSTED_ROWS if one * _COSTED_ROWS <= _COSTING_US else 2
    many = _fastest_us(runtime, rows[:costed])
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
            cost=Cost.fit(one, many, costed),
            lanes=lanes,
            observe=series.observe_call,
        ),
        metrics=series,
    )


def _fastest_us(runtime: Runtime, rows: FloatArray) -> float:
    """Return the shortest of a few timings: what the call costs when nothing is in its way."""
    timings: list[float] = []
    while len(timings) < _COSTING_RUNS and sum(timings) * 1e6 <= _COSTING_US:
        start = perf_counter()
        runtime.predict(rows)
        timings.append(perf_counter() - start)
    return min(timings) * 1e6
