"""A variant that is loaded, proven and warm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import numpy as np

from bundle.normalizer import FloatArray
from bundle.runtimes import Runtime, opener
from bundle.selftest import check
from bundle.store import Bundle
from service.engine.batcher import Batcher, Rows
from service.engine.cost import Cost
from service.engine.lanes import Lanes
from service.observe.metrics import Metrics, VariantMetrics
from service.wire.codec import answer_prefix, decode_json, decode_octets
from service.wire.instances import decode_instances, refuse_octets

Read = Callable[..., Rows]  # of a body, and of `max_rows`

_COSTED_ROWS = 32
_COSTING_RUNS = 5
_NUMBER_BYTES = 4  # as octets, and with its comma as JSON
_INSTANCE_BYTES = 32  # a short text, or two fields of an object


@dataclass(frozen=True)
class Servable:
    """One variant of one version, with all that answering a request takes.

    Whoever holds one may use it, replaced or not; the graphs are freed when the last holder lets go.
    """

    model: str
    version: int
    variant: str
    row_bytes: int
    """The least that a row commonly takes in a body: before it is decoded, so many rows it may hold."""
    read_json: Read
    read_octets: Read
    labels: tuple[int, ...] | tuple[str, ...]
    prefix: bytes
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
    one, many = _fastest_us(runtime, rows[:1]), _fastest_us(runtime, rows)
    series = metrics.variant(bundle.name, variant)
    read_json, read_octets = _readers(bundle)
    return Servable(
        model=bundle.name,
        version=bundle.version,
        variant=variant,
        row_bytes=_row_bytes(bundle),
        read_json=read_json,
        read_octets=read_octets,
        labels=bundle.manifest.labels,
        prefix=answer_prefix(bundle.name, bundle.version, variant),
        batcher=Batcher(
            runtime,
            open_another,
            cost=Cost.fit(one, many, _COSTED_ROWS),
            lanes=lanes,
            observe=series.observe_call,
        ),
        metrics=series,
    )


def _readers(bundle: Bundle) -> tuple[Read, Read]:
    """Return what makes rows of a JSON body and of one of octets: chosen here, and not in every request."""
    encoder, spec = bundle.encoder(), bundle.manifest.input
    if encoder is not None:
        return partial(decode_instances, encoder=encoder), partial(refuse_octets, encoder=encoder)
    step = spec.channels if spec.padded else 0
    return (
        partial(decode_json, features=spec.features, step=step),
        partial(decode_octets, features=spec.features),
    )


def _row_bytes(bundle: Bundle) -> int:
    if bundle.manifest.input.fields is not None:
        return _INSTANCE_BYTES
    return _NUMBER_BYTES * bundle.manifest.input.features


def _fastest_us(runtime: Runtime, rows: FloatArray) -> float:
    """Return the shortest of a few timings: what the call costs when nothing is in its way."""
    timings = []
    for _ in range(_COSTING_RUNS):
        start = perf_counter()
        runtime.predict(rows)
        timings.append(perf_counter() - start)
    return min(timings) * 1e6
