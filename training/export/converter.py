"""The process that makes `.tflite` variants of a network and tries each one, and may die of it.

`training.export.worker` runs it: `python -m training.export.converter`. It reads requests from stdin, a line
of JSON each: `{"folder": FOLDER, "variant": VARIANT}`. The folder holds `tensorflow/` or `given.tflite`, and
a `Probe`, and gets `VARIANT.tflite`. To each it answers `begin VARIANT` on stdout, and then `made GRAPH` and
`done GRAPH`, or `failed REASON`, or `unwritable REASON` where the file could be made and not written. GRAPH
is a `GraphSpec`, as JSON: the first holds where trying for a better one is the end of the process. It ends
where stdin does.

Of the variant `mixed` a `Task` lies in the folder as well, and a recipe is left there; before it is done,
lines `step NOTE` say how far it is.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from bundle.manifest import GraphSpec
from bundle.normalizer import FloatArray
from bundle.runtimes.base import BATCH_MAX
from bundle.runtimes.tensorflow import import_tensorflow
from training.export.lookups import with_lookups
from training.export.makers import Source, make
from training.export.mixed.task import Task
from training.export.probe import Probe
from training.precisions import BY_NAME, GIVEN, MIXED, Precision

# Keras computes in another order than LiteRT; anything beyond this is another model.
REFERENCE_TOLERANCE = 1e-4

# A quantised graph may err, and its scores will say so. One that is this far off, root mean square, and no
# nearer than a constant would be, is not the model at all.
QUANTIZED_TOLERANCE = 0.05

# A graph computes in another order where there are more rows. Where answers to the same rows differ by more
# than this share of what answers to different rows do, root mean square, rows have got mixed.
BATCH_TOLERANCE = 0.1

_EVERY_SIZE = 2 * BATCH_MAX - 1  # rows, which a runtime cuts into one batch of each size
_REASON_LETTERS = 300


def check(variant: str, content: bytes, probe: Probe) -> FloatArray:
    """Raise ValueError where a graph is not the model: too small, unable to run, or other in its answers.

    Return these, (n, classes), to the rows of `probe` one by one.
    """
    precision = BY_NAME[variant]
    # Half of what all weights need is the least a file can be: a converter that lost them writes a few
    # kilobytes, while small tensors may rightly be stored in another type than the large ones.
    least = int(probe.weights * precision.bytes_a_weight / 2)
    if len(content) < least:
        raise ValueError(f"the graph has {len(content)} bytes, and its {probe.weights} weights need {least}")
    answers = _answers(content, probe, GraphSpec(batch="one", answers=probe.answers), len(probe.rows))
    _require_near(precision, answers, probe)
    return answers


def _require_near(precision: Precision, answers: FloatArray, probe: Probe) -> None:
    """Raise ValueError where `answers`, (n, classes), are not those that the model gives."""
    worst = float(np.abs(answers - probe.expected).max())
    if precision.exact and worst > REFERENCE_TOLERANCE:
        raise ValueError(
            f"the graph answers {worst:.2g} away from {probe.source}; {REFERENCE_TOLERANCE} is allowed"
        )
    error = _root_mean_square(answers - probe.expected)
    if error > QUANTIZED_TOLERANCE and error >= _spread(probe.expected):
        raise ValueError(
            f"the graph answers {error:.2g} away from {probe.source}, no nearer than a constant would be"
        )


def find_batch(variant: str, content: bytes, probe: Probe, alone: FloatArray) -> GraphSpec:
    """Try whether a graph answers batches of every size that a runtime asks with as it did each row `alone`.

    Return how it wants to be asked. What is made of a network that takes one row takes one, too: where it
    mixes rows a little, rounding may hide that.
    """
    tolerance = max(REFERENCE_TOLERANCE, BATCH_TOLERANCE * _spread(alone))
    one, any_number = (GraphSpec(batch=batch, answers=probe.answers) for batch in ("one", "any"))
    if probe.batch == "one":
        return one
    for size in (2, _EVERY_SIZE):
        try:
            together = _answers(content, probe, any_number, size)
        except ValueError:
            return one
        differences = together - np.resize(alone, together.shape)
        if BY_NAME[variant].exact and float(np.abs(differences).max()) > REFERENCE_TOLERANCE:
            return one
        if _root_mean_square(differences) > tolerance:
            return one
    return any_number


def _answers(content: bytes, probe: Probe, graph: GraphSpec, rows: int) -> FloatArray:
    """Return what a graph answers to so many of the probe's rows, which come again where they are too few."""
    again = np.resize(probe.rows, (rows, probe.rows.shape[1]))
    answers = probe.opened(content, graph).predict(again)
    if not np.isfinite(answers).all():
        raise ValueError("the graph answers numbers that are not finite")
    return answers


def _root_mean_square(differences: FloatArray) -> float:
    return float(np.sqrt(np.square(differences, dtype=np.float64).mean()))


def _spread(answers: FloatArray) -> float:
    """Return how far answers, (n, classes), are from the constant that is nearest to them."""
    return _root_mean_square(answers - answers.mean(axis=0))


def serve(requests: Iterable[str], report: Callable[[str], None]) -> None:
    """Answer each request in turn, by lines to `report`."""
    for line in requests:
        request = json.loads(line)
        folder, variant = Path(request["folder"]), request["variant"]
        if not (folder / GIVEN).exists():
            import_tensorflow()  # before it is begun: to have no TensorFlow is no fault of a variant
        report(f"begin {variant}")
        try:
            probe = Probe.read(folder)
            content = _make(folder, variant, probe, lambda note: report(f"step {note}"))
            alone = check(variant, content, probe)
        except Exception as error:  # the converter raises what it likes, and other variants may still do
            report(f"failed {' '.join(str(error).split())[:_REASON_LETTERS]}")
            continue
        try:
            (folder / f"{variant}.tflite").write_bytes(content)
        except OSError as error:
            report(f"unwritable {error.strerror}")
            continue
        report(f"made {GraphSpec(batch='one', answers=probe.answers).model_dump_json()}")
        report(f"done {find_batch(variant, content, probe, alone).model_dump_json()}")


def _make(folder: Path, variant: str, probe: Probe, on_step: Callable[[str], None]) -> bytes:
    source = Source(folder, probe.calibration, probe.tokens, probe.shape, probe.given_as)
    if variant == MIXED.name:
        graph, _ = with_lookups(source.float32)
        return Task.read(folder).perform(folder, graph, probe, on_step)
    return make(source, variant)


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve(sys.stdin, _print)
