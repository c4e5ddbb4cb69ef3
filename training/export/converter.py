"""The process that makes `.tflite` variants of a SavedModel and tries each one, and may die of it.

`training.export.worker` runs it: `python -m training.export.converter`. It reads requests from stdin, a line
of JSON each: `{"folder": FOLDER, "variant": VARIANT}`. The folder holds `tensorflow/` and `probe.npz`, and
gets `VARIANT.tflite`. To each it answers `begin VARIANT` on stdout, and then `done`, or `failed REASON`, or
`unwritable REASON` where the file could be made and not be written. It ends where stdin does.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from bundle.normalizer import FloatArray, Normalizer
from bundle.runtimes.litert import LiteRTRuntime
from bundle.runtimes.tensorflow import import_tensorflow
from training.export.makers import Source, make
from training.precisions import BY_NAME, SAVED_MODEL

PROBE = "probe.npz"

# Keras computes in another order than LiteRT; anything beyond this is another model.
REFERENCE_TOLERANCE = 1e-4

# A quantised graph may err, and its scores will say so. One that is this far off, root mean square, and no
# nearer than a constant would be, is not the model at all.
QUANTIZED_TOLERANCE = 0.05

_REASON_LETTERS = 300


def check(
    variant: str, content: bytes, probe: FloatArray, expected: FloatArray, weights: int, tokens: int = 0
) -> None:
    """Raise ValueError where a graph is not the model: too small, unable to run, or other in its answers.

    `probe` holds normalised rows (n, features), and `expected` what Keras answers to them (n, classes).
    """
    precision = BY_NAME[variant]
    # Half of what all weights need is the least a file can be: a converter that lost them writes a few
    # kilobytes, while small tensors may rightly be stored in another type than the large ones.
    least = int(weights * precision.bytes_a_weight / 2)
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
        if precision.exact and worst > REFERENCE_TOLERANCE:
            raise ValueError(
                f"the graph answers {worst:.2g} away from Keras; {REFERENCE_TOLERANCE} is allowed"
            )
    error = _root_mean_square(answers - expected)
    if error > QUANTIZED_TOLERANCE and error >= _root_mean_square(expected - expected.mean(axis=0)):
        raise ValueError(f"the graph answers {error:.2g} away from Keras, no nearer than a constant would be")


def _root_mean_square(differences: FloatArray) -> float:
    return float(np.sqrt(np.square(differences, dtype=np.float64).mean()))


def serve(requests: Iterable[str], report: Callable[[str], None]) -> None:
    """Answer each request in turn, by lines to `report`."""
    for line in requests:
        request = json.loads(line)
        import_tensorflow()  # before it is begun: to have no TensorFlow is no fault of a variant
        report(f"begin {request['variant']}")
        folder, variant = Path(request["folder"]), request["variant"]
        try:
            content = _convert(folder, variant)
        except Exception as error:  # the converter raises what it likes, and other variants may still do
            report(f"failed {' '.join(str(error).split())[:_REASON_LETTERS]}")
            continue
        try:
            (folder / f"{variant}.tflite").write_bytes(content)
        except OSError as error:
            report(f"unwritable {error.strerror}")
            continue
        report("done")


def _convert(folder: Path, variant: str) -> bytes:
    with np.load(folder / PROBE, allow_pickle=False) as arrays:
        held: dict[str, Any] = dict(arrays)
    tokens = int(held["tokens"])
    content = make(Source(folder / SAVED_MODEL, held["calibration"], tokens), variant)
    check(variant, content, held["probe"], held["expected"], int(held["weights"]), tokens)
    return content


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve(sys.stdin, _print)
