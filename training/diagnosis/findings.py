"""From measurements of a variant to what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bundle.manifest import InputSpec
from evidence.paired import Pairs
from training.diagnosis.inputs import Inputs
from training.diagnosis.layers import INPUT, Comparison, Layer
from training.evaluation.channels import count, name, thing
from training.evaluation.shift import describe_uncovered
from training.evaluation.tails import STEPS_MIN, describe_tails

Cause: TypeAlias = Literal[
    "one scale for all features",
    "heavy tails",
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
                f"in {count(len(clipped), 'layer')} values lie beyond what the integers can say: {named}",
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


def describe(layer: Layer) -> str:
    """Name a layer for people: its place, its kind, and the end of its path."""
    path = layer.name.split(";")[0].split("/")
    return f"layer {layer.position} ({layer.kind} {'/'.join(path[-2:])})"


def _is_noisy(layer: Layer) -> bool:
    return layer.added_noise > _ADDED_NOISE_SOUND and layer.input_snr_db > _RUINED_DB


def _inputs(inputs: Inputs, layers: Sequence[Layer], spec: InputSpec) -> list[Finding]:
    found = []
    of_all = f"of {count(inputs.channels, thing(spec))}"
    if inputs.coarse:
        named = ", ".join(f"{name(spec, one.channel)} {one.steps:.1f}" for one in inputs.coarse[:_NAMED_MAX])
        found.append(
            Finding(
                "one scale for all features",
                f"{len(inputs.coarse)} {of_all} span less than {STEPS_MIN} of the input's steps: {named}",
            )
        )
    if inputs.tails:
        found.append(Finding("heavy tails", describe_tails(inputs.tails, spec)))
    if inputs.uncovered:
        found.append(Finding("rows beyond the calibration", describe_uncovered(inputs.uncovered, spec)))
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


def _range(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.4g} to {ends[1]:.4g}"
