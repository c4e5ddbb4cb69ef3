"""Converts a SavedModel to `.tflite` variants and tries each one, in a process that may die of it.

`training.export.quantize` runs it: `python -m training.export.converter FOLDER VARIANT...`. The folder
holds `tensorflow/` and `probe.npz`; it gets `VARIANT.tflite`. Each variant is announced on stdout before it
is begun.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bundle.manifest import REFERENCE
from bundle.normalizer import FloatArray, Normalizer
from bundle.runtimes.base import ROWS, TOKENS, as_ids
from bundle.runtimes.litert import LiteRTRuntime
from bundle.runtimes.tensorflow import import_tensorflow
from training.export.recipes import LOW_BITS, quantize_weights

PROBE = "probe.npz"
SAVED_MODEL = "tensorflow"
CALIBRATED = ("int8", "int16x8")  # their ranges are fixed when they are made, from rows that are shown then

# Keras computes in another order than LiteRT; anything beyond this is another model.
REFERENCE_TOLERANCE = 1e-4

# A quantised graph may err, and its scores will say so. One that is this far off, root mean square, and no
# nearer than a constant would be, is not the model at all.
QUANTIZED_TOLERANCE = 0.05

# Bytes of a weight. Half of what all weights need is the least a file can be: a converter that lost them
# writes a few kilobytes, while small tensors may rightly be stored in another type than the large ones.
_BYTES_A_WEIGHT = {
    "float32": 4,
    "float16": 2,
    "weight_int8": 1,
    "dynamic_int8": 1,
    "int8": 1,
    "weight_int4": 0.5,
    "int16x8": 1,
}


def convert(saved_model: Path, variant: str, calibration: FloatArray, tokens: int = 0) -> bytes:
    """Return the `.tflite` content of a variant, calibrated on normalised rows where it needs that.

    The last `tokens` columns of a row are token ids. Raises ValueError where the variant cannot have any.
    """
    if variant == "int16x8" and tokens:
        raise ValueError("TensorFlow's 16x8 quantiser takes no whole numbers, which token ids are")
    if variant in LOW_BITS:
        return quantize_weights(convert(saved_model, REFERENCE, calibration, tokens), variant)
    tf = import_tensorflow()
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model))
    if variant != REFERENCE:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if variant == "float16":
        converter.target_spec.supported_types = [tf.float16]
    elif variant in CALIBRATED:
        operations = tf.lite.OpsSet
        converter.target_spec.supported_ops = [
            operations.TFLITE_BUILTINS_INT8
            if variant == "int8"
            else operations.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        ]

        def one_by_one() -> Iterator[Any]:
            for row in calibration:
                yield _feeds(row[None], tokens) if tokens else [row[None]]

        converter.representative_dataset = one_by_one
    content: bytes = converter.convert()
    return content


def _feeds(row: FloatArray, tokens: int) -> dict[str, Any]:
    """Return the inputs of a graph that takes token ids apart."""
    plain = row[:, : row.shape[1] - tokens]
    return {TOKENS: as_ids(row, tokens)} | ({ROWS: plain} if plain.size else {})


def check(
    variant: str, content: bytes, probe: FloatArray, expected: FloatArray, weights: int, tokens: int = 0
) -> None:
    """Raise ValueError where a graph is not the model: too small, unable to run, or other in its answers.

    `probe` holds normalised rows (n, features), and `expected` what Keras answers to them (n, classes).
    """
    least = int(weights * _BYTES_A_WEIGHT[variant] / 2)
    if len(content) < least:
        raise ValueError(f"the graph has {len(content)} bytes, and its {weights} weights need {least}")
    features = probe.shape[1]
    as_it_is = Normalizer(
        "standardize", features, np.zeros(features, np.float32), np.ones(features, np.float32)
    )
    runtime = LiteRTRuntime(content, normalizer=as_it_is, classes=expected.shape[1], tokens=tokens)
    for batch in (1, 2, len(probe)):
        answers = runtime.predict(probe[:batch])
        if not np.isfinite(answers).all():
            raise ValueError(f"the graph answers numbers that are not finite, to a batch of {batch}")
        worst = float(np.abs(answers - expected[:batch]).max())
        if variant == REFERENCE and worst > REFERENCE_TOLERANCE:
            raise ValueError(
                f"the graph answers {worst:.2g} away from Keras; {REFERENCE_TOLERANCE} is allowed"
            )
    error = _root_mean_square(answers - expected)
    if error > QUANTIZED_TOLERANCE and error >= _root_mean_square(expected - expected.mean(axis=0)):
        raise ValueError(f"the graph answers {error:.2g} away from Keras, no nearer than a constant would be")


def _root_mean_square(differences: FloatArray) -> float:
    return float(np.sqrt(np.square(differences, dtype=np.float64).mean()))


def convert_folder(folder: Path, variants: list[str], report: Callable[[str], None]) -> None:
    """Convert each variant in turn, and report `begin VARIANT`, then `done` or `failed REASON`."""
    with np.load(folder / PROBE, allow_pickle=False) as arrays:
        held: dict[str, Any] = dict(arrays)
    tokens = int(held["tokens"])
    import_tensorflow()
    for variant in variants:
        report(f"begin {variant}")
        try:
            content = convert(folder / SAVED_MODEL, variant, held["calibration"], tokens)
            check(variant, content, held["probe"], held["expected"], int(held["weights"]), tokens)
        except Exception as error:  # the converter raises what it likes, and other variants may still do
            report(f"failed {' '.join(str(error).split())[:300]}")
            continue
        (folder / f"{variant}.tflite").write_bytes(content)
        report("done")


if __name__ == "__main__":
    convert_folder(Path(sys.argv[1]), sys.argv[2:], lambda line: print(line, flush=True))  # noqa: T201 - its whole output
