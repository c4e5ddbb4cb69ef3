"""From measurements of a variant to findings, and from findings to what to try. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, TypeAlias

from bundle.encoder import in_order_of_columns
from bundle.fields import AnyField
from bundle.manifest import InputSpec
from evidence.paired import Pairs, judge
from training.diagnosis.inputs import STEPS_MIN, Inputs
from training.diagnosis.layers import INPUT, Comparison, Layer
from training.diagnosis.remedies import finer_activations, finer_weights, hardly_rounded, with_own_ranges
from training.precisions import precision_of

Cause: TypeAlias = Literal[
    "one scale for all features",
    "rows beyond the calibration",
    "saturated input",
    "saturated activations",
    "coarse weights",
    "noisy layer",
]

# Layers of a sound int8 model end at 25 to 50 dB, and add up to 0.2% of noise; see the tests of broken ones.
_ADDED_NOISE_SOUND = 0.02  # of the signal's power: the layer alone would end at 17 dB
_CLIP_NOISE_SOUND = 0.01  # of the signal's power
_RUINED_DB = 20.0  # a layer that is given no more than this cannot be blamed for what it makes of it
_COARSE_SOUND = 0.1  # of a layer's channels
_NAMED_MAX = 3


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, in the words of the measurement."""

    cause: Cause
    text: str


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` tells."""

    variant: str
    against: str
    pairs: Pairs
    near_calls: int
    """Of the rows lost, those to which the reference itself gave two classes within 0.1."""
    inputs: Inputs
    comparison: Comparison
    findings: tuple[Finding, ...]
    advice: tuple[str, ...]


_ADVICE: dict[Cause, str] = {
    "one scale for all features": (
        "Put features on one scale in float, before the graph (`--normalize standardize` or `minmax`), and "
        "tame those with rare, huge values by a logarithm: one of them takes the steps of all."
    ),
    "rows beyond the calibration": (
        "Train again on data that has rows like these, from which the calibration sample is drawn; and ask "
        "whether float32 was ever meant for them."
    ),
    "saturated input": (
        "Calibrate with rows that reach as far as those served: train again on data that has them."
    ),
    "saturated activations": "Calibrate with rows that drive these layers as far.",
    "coarse weights": (
        "Keep outliers out of the weights: clip them, or train with weight decay or a smaller learning rate; "
        "drop features that are nearly always constant."
    ),
    "noisy layer": (
        "Make the layer wider, so that noise averages out, or narrower in range: one unit that is far larger "
        "than the others takes their steps."
    ),
}
_NO_LAYER = "Train a wider model: no single layer is to blame, and the noise of many adds up."


def find(inputs: Inputs, layers: Sequence[Layer], spec: InputSpec) -> tuple[Finding, ...]:
    """Return everything that is wrong, what comes first in the graph first."""
    found = [*_inputs(inputs, layers, spec)]
    layers = [layer for layer in layers if layer.kind != INPUT]  # of which `inputs` knows more
    clipped = [layer for layer in layers if layer.clip_noise > _CLIP_NOISE_SOUND]
    if clipped:
        worst = sorted(clipped, key=lambda layer: -layer.clip_noise)[:_NAMED_MAX]
        named = "; ".join(f"{describe(layer)} {layer.clipped:.1%}" for layer in worst)
        found.append(
            Finding(
                "saturated activations",
                f"in {_count(len(clipped), 'layer')} values of float32 lie beyond what the integers can say: "
                f"{named}",
            )
        )
    coarse = [layer for layer in layers if layer.weights and layer.weights.coarse >= _COARSE_SOUND]
    found += [
        Finding(
            "coarse weights",
            f"{describe(layer)}: a typical weight is less than 2 steps in {layer.weights.coarse:.0%} of the "
            f"channels, where the largest is up to {layer.weights.outlier:,.0f} times as large",
        )
        for layer in coarse[:_NAMED_MAX]
        if layer.weights
    ]
    explained = {*clipped, *coarse}
    noisy = [layer for layer in layers if _is_noisy(layer) and layer not in explained]
    worst = sorted(noisy, key=lambda layer: -layer.added_noise)[:_NAMED_MAX]
    found += [
        Finding(
            "noisy layer",
            f"{describe(layer)} adds noise of {layer.added_noise:.1%} of its signal; "
            f"{layer.snr_db:.0f} dB are left",
        )
        for layer in worst
    ]
    return tuple(found)


def advise(
    variant: str, pairs: Pairs, margin: float, findings: Sequence[Finding], names: Sequence[str]
) -> tuple[str, ...]:
    """Return what to try, most promising first; never nothing. `names` are all variants."""
    verdict = judge(pairs, margin)
    if verdict.judgement == "no worse":
        return (f"Nothing: `{variant}` is no worse than the reference at a margin of {margin:g}.",)
    causes = list(dict.fromkeys(finding.cause for finding in findings))
    precision = precision_of(variant)
    width = variant.removesuffix(precision)
    served = {name.removeprefix(width): name for name in names if name.startswith(width) and name != variant}
    tries = [_with(_remedies(cause, precision), served, _ADVICE[cause]) for cause in causes]
    if verdict.judgement == "not enough rows to tell":
        more = "" if verdict.rows_needed is None else f", about {verdict.rows_needed:,},"
        tries.append(f"Give more rows{more} by `--data`: with these, nobody can tell whether it lost at all.")
    elif not tries:
        tries.append(_with(hardly_rounded() | with_own_ranges(), served, _NO_LAYER))
    return tuple(tries)


def _remedies(cause: Cause, precision: str) -> dict[str, str]:
    """Return the precisions that do not suffer from a cause, each with why, most promising first."""
    if cause == "saturated activations":
        return with_own_ranges()
    if cause not in ("coarse weights", "noisy layer"):
        return {}
    finer = finer_weights(precision)  # than 4 bits; the weights of all others have 8 alike
    if not finer and cause == "noisy layer":
        finer = finer_activations()
    return finer | hardly_rounded()


def _with(remedies: dict[str, str], served: dict[str, str], advice: str) -> str:
    """Put before an advice which variants could be served instead, of those there are."""
    known = [f"`{served[name]}`, {why}" for name, why in remedies.items() if name in served]
    return f"Serve {', or '.join(known)}. Or: {advice[0].lower()}{advice[1:]}" if known else advice


def describe(layer: Layer) -> str:
    """Name a layer for people: its place, its kind, and the end of its path."""
    name = layer.name.split(";")[0]
    return f"layer {layer.position} ({layer.kind} {'/'.join(name.split('/')[-2:])})"


def _is_noisy(layer: Layer) -> bool:
    return layer.added_noise > _ADDED_NOISE_SOUND and layer.input_snr_db > _RUINED_DB


def _inputs(inputs: Inputs, layers: Sequence[Layer], spec: InputSpec) -> list[Finding]:
    found = []
    of_all = f"of {_count(inputs.channels, _thing(spec))}"
    if inputs.coarse:
        named = ", ".join(f"{_name(spec, one.channel)} {one.steps:.1f}" for one in inputs.coarse[:_NAMED_MAX])
        found.append(
            Finding(
                "one scale for all features",
                f"{len(inputs.coarse)} {of_all} span less than {STEPS_MIN} of the input's steps: {named}",
            )
        )
    if inputs.uncovered:
        worst = inputs.uncovered[0]
        found.append(
            Finding(
                "rows beyond the calibration",
                f"{len(inputs.uncovered)} {of_all} leave the range that was calibrated with; "
                f"{_name(spec, worst.channel)} in {worst.share:.0%} of its values: {_range(worst.given)}, "
                f"where {_range(worst.calibrated)} was seen",
            )
        )
    cut = next((one for one in layers if one.kind == INPUT and one.clip_noise > _CLIP_NOISE_SOUND), None)
    if cut is not None and inputs.bounds is not None:
        found.append(
            Finding(
                "saturated input",
                f"{cut.clipped:.1%} of the normalised values lie beyond the input's integers, which reach "
                f"from {_range(inputs.bounds)}",
            )
        )
    return found


def _name(spec: InputSpec, channel: int) -> str:
    if spec.feature_names and spec.kind == "vector":
        return repr(spec.feature_names[channel])
    if spec.fields is not None:
        return repr(_field(spec.fields, channel).name)
    return f"{_thing(spec)} {channel}"


def _thing(spec: InputSpec) -> str:
    return {"vector": "feature", "table": "column"}.get(spec.kind, "channel")


def _field(fields: Sequence[AnyField], column: int) -> AnyField:
    """Return the field that a column of a row belongs to: one field may have several."""
    ordered = in_order_of_columns(fields)
    ends = list(accumulate(field.columns for field in ordered))
    return ordered[bisect_right(ends, column)]


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _range(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.4g} to {ends[1]:.4g}"
