"""Compares a quantised graph with another, as float32, operation by operation, on the same rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from bundle.manifest import GraphSpec
from bundle.normalizer import FloatArray
from training.diagnosis.noise import Doubles, Tally, decibels
from training.diagnosis.tensors import OpenGraph, Operation, Quantization

_BATCH = 32  # the widest tensor of an image model is megabytes a row; all are held at once

_WITH_WEIGHTS = {"FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "BATCH_MATMUL"}

INPUT = "INPUT"  # the kind of the layer before all layers: the rows as the graph writes them down


@dataclass(frozen=True)
class Weights:
    """The integers that stand for a layer's weights, against the weights."""

    snr_db: float
    coarse: float
    """Share of the channels (the slices that have a scale of their own) in which a typical weight, the median
    of those that are not 0, is less than two steps."""
    outlier: float
    """The largest weight over the typical one, in the channel where that is most."""


@dataclass(frozen=True)
class Layer:
    """One operation in both graphs. What is said of its output is of the worst, where it has several."""

    position: int
    kind: str
    name: str
    snr_db: float
    """Signal-to-noise ratio of the median unit of its output. The signal is what varies from row to row, a
    constant tells nothing; the noise is the difference from the other graph. Infinite where there is none."""
    input_snr_db: float
    """The least of those of its inputs: noise that is not of its own making."""
    clipped: float
    """Share of the other graph's outputs that lie beyond what the integers of this tensor can say."""
    clip_noise: float
    """The power of what is cut off there, as a share of the signal's. It tells a probability of 0.999 that is
    written as 0.996 from a ruined layer."""
    weights: Weights | None

    @property
    def added_noise(self) -> float:
        """The power of the noise that came in here, as a share of the signal's; 0 where noise was lost."""
        return max(0.0, 10 ** (-self.snr_db / 10) - 10 ** (-self.input_snr_db / 10))


@dataclass(frozen=True)
class Comparison:
    """All layers that could be matched and whose output varies, in order; the variant's others by name."""

    layers: tuple[Layer, ...]
    unmatched: tuple[str, ...]


def compare(
    reference: bytes,
    variant: bytes,
    rows: FloatArray,
    shape: tuple[int, ...],
    *,
    batch: int,
    on_batch: Callable[[], None] = lambda: None,
) -> Comparison:
    """Run both graphs on whole batches of normalised `rows` (n, features), at least two rows.

    They take (batch, *shape). Raises ValueError where one of them is no graph that can be looked into.
    """
    graphs = tuple(OpenGraph(content, batch, shape) for content in (reference, variant))
    pairs = match(graphs[0].operations, graphs[1].operations)
    inputs = graphs[0].source, graphs[1].written_input
    tallies = {inputs[0]: Tally(graphs[1].quantization(inputs[1]))}  # by tensor of the reference
    for start in range(0, len(rows) - batch + 1, batch):
        for graph in graphs:
            graph.run(rows[start : start + batch])
        tallies[inputs[0]].add(graphs[0].value(inputs[0]), graphs[1].value(inputs[1]))
        for ours, theirs in pairs:
            for here, there in zip(ours.outputs, theirs.outputs, strict=False):
                values = graphs[0].value(here), graphs[1].value(there)
                if values[0].shape == values[1].shape:
                    tallies.setdefault(here, Tally(graphs[1].quantization(there))).add(*values)
        on_batch()
    matched = [pair for pair in pairs if tallies.keys() >= set(pair[0].outputs)]
    known = {theirs for _, theirs in matched}
    return Comparison(
        tuple(_layers(graphs[0], graphs[1], matched, tallies)),
        tuple(one.name for one in graphs[1].operations if one not in known),
    )


def batch_for(rows: int, graphs: Sequence[GraphSpec]) -> int:
    """Return how many of the `rows` to run at once through graphs of which some may take but one."""
    return 1 if any(graph.batch == "one" for graph in graphs) else min(_BATCH, rows)


def match(
    reference: tuple[Operation, ...], variant: tuple[Operation, ...]
) -> list[tuple[Operation, Operation]]:
    """Pair operations of one kind: by the name of their output, and else by their order.

    Order counts only where both graphs have as many nameless ones of that kind. The pairs are in the
    reference's order.
    """
    by_name = {(one.kind, one.name): one for one in variant}
    pairs = {
        ours: by_name.pop((ours.kind, ours.name)) for ours in reference if (ours.kind, ours.name) in by_name
    }
    left: dict[str, tuple[list[Operation], list[Operation]]] = defaultdict(lambda: ([], []))
    taken = set(pairs.values())
    for ours in reference:
        if ours not in pairs:
            left[ours.kind][0].append(ours)
    for theirs in variant:
        if theirs not in taken:
            left[theirs.kind][1].append(theirs)
    for here, there in left.values():
        if len(here) == len(there):
            pairs.update(zip(here, there, strict=True))
    return [(ours, pairs[ours]) for ours in reference if ours in pairs]


def _layers(
    reference: OpenGraph,
    variant: OpenGraph,
    matched: list[tuple[Operation, Operation]],
    tallies: dict[int, Tally],
) -> Iterator[Layer]:
    written = tallies[reference.source]
    yield Layer(0, INPUT, "rows", written.snr_db, inf, written.clipped, written.clip_noise, None)
    for position, (ours, theirs) in enumerate(matched, start=1):
        outputs = [tallies[tensor] for tensor in ours.outputs if tallies[tensor].varies]
        if not outputs:
            continue  # what is the same for every row tells nothing, with noise or without
        sources = [tallies[tensor] for tensor in reference.sources(ours) if tensor in tallies]
        yield Layer(
            position,
            ours.kind,
            ours.name,
            min(tally.snr_db for tally in outputs),
            min((tally.snr_db for tally in sources if tally.varies), default=inf),
            max(tally.clipped for tally in outputs),
            max(tally.clip_noise for tally in outputs),
            _weights(reference, variant, ours, theirs),
        )


def _weights(reference: OpenGraph, variant: OpenGraph, ours: Operation, theirs: Operation) -> Weights | None:
    """Compare the matrix of one operation; None where it has none, or has it in another form."""
    positions = reference.weights(ours) if ours.kind in _WITH_WEIGHTS else []
    if not positions or positions[0] >= len(theirs.inputs):
        return None
    tensor = theirs.inputs[positions[0]]
    exact, found = reference.value(ours.inputs[positions[0]]), variant.value(tensor)
    if exact.shape != found.shape:
        return None
    weights = exact.astype(np.float64)
    snr_db = decibels(float(np.square(weights).sum()), float(np.square(found - weights).sum()))
    quantization = variant.quantization(variant.origin(tensor))  # what is stored, though it runs as floats
    if quantization is None:
        return Weights(snr_db, 0.0, 1.0)
    steps, outliers = _steps(weights, quantization)
    return Weights(snr_db, float((steps < 2).mean()), float(outliers.max()))


def _steps(exact: Doubles, quantization: Quantization) -> tuple[Doubles, Doubles]:
    """Return, by channel, how many steps a typical weight is, and how many typical ones the largest."""
    channels = len(quantization.scales)
    slices = (
        np.moveaxis(exact, quantization.axis, 0).reshape(channels, -1)
        if channels > 1
        else exact.reshape(1, -1)
    )
    steps, outliers = np.full(channels, inf), np.ones(channels)
    for index, values in enumerate(np.abs(slices)):
        there = values[values > 0]
        if len(there):
            typical = float(np.median(there))
            steps[index] = typical / float(quantization.scales[index])
            outliers[index] = float(there.max()) / typical
    return steps, outliers
