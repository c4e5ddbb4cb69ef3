"""Shows a diagnosis: what was lost, layer by layer, what is wrong, and what to try."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from rich.table import Table
from rich.text import Text

from evidence.paired import judge
from training.diagnosis.findings import Diagnosis
from training.diagnosis.layers import Layer
from training.diagnosis.left_out import LeftOut

SPARE = ("outlier", "coarse channels", "weights", "saturated", "output")  # where there is little room

_LAYERS_MAX = 16


def layer_table(diagnosis: Diagnosis) -> Table:
    """Lay out the layers in the order of computation: of many, those that lose most."""
    layers = diagnosis.comparison.layers
    shown = sorted(
        sorted(layers, key=lambda one: -one.added_noise)[:_LAYERS_MAX], key=lambda one: one.position
    )
    table = Table(
        title=Text(f"{diagnosis.variant} against {diagnosis.against}, layer by layer"),
        title_justify="left",
        caption_justify="left",
        caption=Text("\n".join(_caption(diagnosis, len(shown)))),
    )
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("layer", no_wrap=True)
    table.add_column("output", no_wrap=True, max_width=48)
    for column in ("signal to noise", "noise added", "saturated", "weights", "coarse channels", "outlier"):
        table.add_column(column, justify="right", no_wrap=True)
    for layer in shown:
        table.add_row(*layer_cells(layer))
    return table


def layer_cells(layer: Layer) -> list[str]:
    """Format one row of the table."""
    weights = layer.weights
    return [
        str(layer.position),
        layer.kind,
        layer.name.split(";")[0],
        _decibels(layer.snr_db),
        f"{layer.added_noise:.3%}",
        f"{layer.clipped:.2%}",
        *(
            ["", "", ""]
            if weights is None
            else [_decibels(weights.snr_db), f"{weights.coarse:.0%}", f"{weights.outlier:,.1f}x"]
        ),
    ]


def sentences(diagnosis: Diagnosis, margin: float) -> Iterator[str]:
    """Tell what was lost, what was found, and what to try, a line each."""
    pairs = diagnosis.pairs
    difference = pairs.difference
    yield (
        f"{diagnosis.variant} is {difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}] "
        f"against {diagnosis.against} on {pairs.rows:,} rows: {pairs.lost:,} lost, {pairs.gained:,} gained, "
        f"p {pairs.p_value:.2g}; {judge(pairs, margin)} (margin {margin:g})."
    )
    if pairs.lost:
        yield (
            f"Near calls among the rows lost, with two classes within 0.1 in {diagnosis.against} itself: "
            f"{diagnosis.near_calls:,}."
        )
    yield from _findings_and_advice(diagnosis)


def sentences_of_left_out(found: LeftOut) -> Iterator[str]:
    """Tell why a variant is not there, what was found, and what to try, a line each."""
    yield f"{found.variant} was left out when the bundle was made: {found.reason}."
    yield from _findings_and_advice(found)


def _findings_and_advice(found: Diagnosis | LeftOut) -> Iterator[str]:
    yield ""
    yield "Found:" if found.findings else "Found: nothing that stands out."
    for finding in found.findings:
        yield f"- {finding.cause}: {finding.text}."
    yield ""
    yield "Try:"
    for number, advice in enumerate(found.advice, start=1):
        yield f"{number}. {advice}"


def _caption(diagnosis: Diagnosis, shown: int) -> Iterator[str]:
    layers = diagnosis.comparison.layers
    if shown < len(layers):
        yield f"The {shown} of {len(layers)} layers that lose most."
    yield (
        "Signal: what varies from row to row, of the median unit; noise: the difference from the reference. "
        "Noise added: by this layer alone, as a share of the signal's power."
    )
    yield (
        "Saturated: values beyond what the integers can say. Coarse: channels whose typical weight is less "
        "than 2 steps. Outlier: the largest weight over the typical one."
    )
    unmatched = diagnosis.comparison.unmatched
    if unmatched:
        more = f" and {len(unmatched) - 3} more" if len(unmatched) > 3 else ""
        yield f"Not matched with any layer of {diagnosis.against}: {', '.join(unmatched[:3])}{more}."


def _decibels(ratio: float) -> str:
    return f"{ratio:.1f} dB" if isfinite(ratio) else "exact"
