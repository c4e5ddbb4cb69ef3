"""Looks into a bundle to say why a variant lost: rows, graphs and calibration, against its origin's."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bundle.bundle import Bundle, open_bundle
from bundle.manifest import REFERENCE, Manifest, VariantSpec
from bundle.normalizer import FloatArray
from bundle.runtimes import open_runtime
from evidence.paired import Pairs
from training.config import DataConfig
from training.data.dataset import IntArray
from training.data.rescoring import rows_to_score
from training.diagnosis.advice import advise
from training.diagnosis.findings import Diagnosis, find
from training.diagnosis.inputs import check_inputs
from training.diagnosis.layers import Comparison, batch_for, compare
from training.diagnosis.tensors import OpenGraph, Quantization
from training.errors import OptionError
from training.evaluation.scoring import chunks, predict_all
from training.evaluation.shift import shifts
from training.precisions import BY_NAME, precision_of
from training.progress import Progress, Silence

ROWS_LOOKED_AT = 512  # every value between the layers is compared, for so many rows at most

_HALF_BITS = 16  # of a weight; with fewer it is an integer
_NEAR = 0.1  # between two probabilities of the reference


def diagnose(
    folder: Path,
    variant: str,
    *,
    against: str | None = None,
    config: DataConfig | None = None,
    margin: float,
    progress: Progress | None = None,
) -> Diagnosis:
    """Compare `variant` of the bundle in `folder` with `against`, by default what `reference_of` names.

    The rows are the bundle's test rows, or those of `config`. Raises BundleError, DataError, and OptionError
    where the two cannot be compared layer by layer.
    """
    progress = progress or Silence()
    bundle = open_bundle(folder)
    against = against or reference_of(bundle.manifest, bundle.variant(variant))
    _require_comparable(bundle, variant, against)
    x, y = rows_to_score(bundle, config, progress)
    for shift in shifts(
        x, bundle.test_set()[0], bundle.manifest.input
    ):  # what leaves the calibration is found
        progress.warn(shift)
    progress.begin("scoring", 2 * chunks(len(x)))
    answers = [predict_all(open_runtime(bundle, name), x, progress.advance) for name in (variant, against)]
    pairs = Pairs.of(*(answer.argmax(axis=1) == y for answer in answers))
    rows = _sample(x)
    normalized = bundle.manifest.normalizer.build(bundle.manifest.input.features).apply(rows)
    comparison, quantization = _compared(bundle, variant, against, normalized, progress)
    spec = bundle.manifest.input
    inputs = check_inputs(rows, normalized, spec.channels, quantization, bundle.manifest.calibration)
    findings = find(inputs, comparison.layers, spec)
    return Diagnosis(
        variant,
        against,
        pairs,
        near_calls(y, answers[0], answers[1]),
        inputs,
        comparison,
        findings,
        advise(variant, pairs, margin, findings, [one.name for one in bundle.manifest.variants]),
    )


def _compared(
    bundle: Bundle, variant: str, against: str, normalized: FloatArray, progress: Progress
) -> tuple[Comparison, Quantization | None]:
    """Compare two graphs on normalised rows (n, features); say how the variant's input is quantised.

    Raises OptionError where that cannot be done.
    """
    specs = [bundle.variant(name) for name in (against, variant)]
    expected, found = (bundle.read(spec.files[0]) for spec in specs)
    shape = bundle.manifest.input.graph_shape or normalized.shape[1:]
    batch = batch_for(len(normalized), [spec.graph for spec in specs])
    progress.begin("comparing layers", len(normalized) // batch)
    try:
        comparison = compare(expected, found, normalized, shape, batch=batch, on_batch=progress.advance)
        graph = OpenGraph(found, 1, shape)
        quantization = graph.quantization(graph.written_input)
    except ValueError as error:
        raise OptionError(f"{variant} cannot be compared with {against} layer by layer: {error}") from error
    if len(comparison.layers) < 2:  # the rows themselves, and nothing that is made of them
        raise OptionError(f"{variant} and {against} have no layer in common; say --against which to compare")
    return comparison, quantization


def reference_of(manifest: Manifest, variant: VariantSpec) -> str:
    """Return the float32 of the same network and width: of `w0.5-int8`, `w0.5-float32`; else the reference.

    Raises OptionError where there is none, and the reference is quantised as well.
    """
    for one in manifest.variants:
        if _precision(one) == REFERENCE and (one.network, one.width) == (variant.network, variant.width):
            return one.name
    reference = next(one for one in manifest.variants if one.name == manifest.reference)
    if _is_quantised(reference):
        what = "is the reference" if variant == reference else f"is compared with {reference.name}"
        raise OptionError(
            f"{variant.name} {what}, which is quantised itself, and there is no float32 of the same graph to "
            "look into it against; say --against which to compare"
        )
    return reference.name


def _precision(variant: VariantSpec) -> str:
    return variant.precision or precision_of(variant.name)


def _is_quantised(variant: VariantSpec) -> bool:
    """Tell whether weights are integers, as far as is known: what nobody here has made may be anything."""
    known = BY_NAME.get(_precision(variant))
    return known is None or known.weight_bits < _HALF_BITS


def near_calls(y: IntArray, answers: FloatArray, expected: FloatArray) -> int:
    """Count the rows lost whose two best classes were within 0.1 to begin with; arrays as in `evaluate`."""
    lost = (expected.argmax(axis=1) == y) & (answers.argmax(axis=1) != y)
    best = np.sort(expected[lost], axis=1)[:, -2:]  # (lost, 2)
    return int((best[:, 1] - best[:, 0] < _NEAR).sum())


def _require_comparable(bundle: Bundle, variant: str, against: str) -> None:
    if bundle.manifest.input.tokens:
        raise OptionError(
            f"{bundle.folder} reads texts; only graphs of numbers can be looked into layer by layer"
        )
    for name in (variant, against):
        if bundle.variant(name).format != "tflite":
            usable = ", ".join(one.name for one in bundle.manifest.variants if one.format == "tflite")
            raise OptionError(f"{name} is no .tflite graph, and cannot be looked into; {usable} can")
    if variant == against:
        raise OptionError(f"--variant and --against are both {variant}; it lost nothing against itself")


def _sample(x: FloatArray) -> FloatArray:
    """Return up to 512 rows, evenly spaced, and at least two: the signal is what varies between rows."""
    if len(x) < 2:
        raise OptionError("one row is not enough to look at; give more")
    return x[np.linspace(0, len(x) - 1, min(len(x), ROWS_LOOKED_AT)).astype(np.int64)]
