"""What makes the `.tflite` file of a precision: TensorFlow's converter, or ai-edge-quantizer after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bundle.manifest import REFERENCE
from bundle.normalizer import FloatArray
from bundle.runtimes.base import ROWS, TOKENS, as_ids
from bundle.runtimes.tensorflow import import_tensorflow
from training.export import quantizer
from training.export.lookups import with_lookups
from training.export.readable import readable
from training.precisions import BY_NAME, FLOAT_BITS, GIVEN, LADDER, SAVED_MODEL, Precision

_INTEGER_BITS = 8  # of a weight; of more it is a float, for which a table needs no other operation


@dataclass(frozen=True)
class Source:
    """What graphs are made of: a folder with the network as it was imported, `given.tflite`, or as Keras or
    TensorFlow wrote it, `tensorflow/`."""

    folder: Path
    calibration: FloatArray  # (n, features): normalised rows, from which ranges are taken
    tokens: int = 0
    """Columns at the end of a row that are token ids."""
    shape: tuple[int, ...] | None = None
    """Of a row as the graph takes it; None where that is flat."""
    given_as: str = REFERENCE
    """The precision of the imported graph."""

    @property
    def is_given(self) -> bool:
        return (self.folder / GIVEN).exists()

    @property
    def rows(self) -> FloatArray:
        """The rows of `calibration` in the shape that the graph takes, (n, *shape)."""
        return self.calibration.reshape(len(self.calibration), *(self.shape or (-1,)))

    @cached_property
    def float32(self) -> bytes:
        """The graph in full precision: the one in the folder, if it has been imported or made before."""
        if self.is_given:
            return readable((self.folder / GIVEN).read_bytes())
        kept = self.folder / f"{REFERENCE}.tflite"
        return kept.read_bytes() if kept.exists() else make(self, REFERENCE)


Maker = Callable[[Source, Precision], bytes]


def make(source: Source, variant: str) -> bytes:
    """Return the content of a variant's file. Raises ValueError where this model cannot have it."""
    precision = BY_NAME[variant]
    if source.tokens and precision.not_of_tokens is not None:
        raise ValueError(precision.not_of_tokens)
    if source.is_given:
        return _of_given(source, precision)
    return MAKERS[precision.maker](source, precision)


def made_of(given_as: str) -> tuple[str, ...]:
    """Return the precisions that can be made of a `.tflite` that is in one, itself among them.

    What has float activations can have them quantised, and weights that are made floats before they are used
    can be stored in fewer bits still. Nothing brings back what was rounded.
    """
    given = BY_NAME[given_as]
    if given.calibrated or given.weight_bits < 8:
        return (given_as,)
    coarser = [one for one in LADDER if one.weight_bits <= given.weight_bits and one.maker != SAVED_MODEL]
    is_float = given.activation_bits == FLOAT_BITS
    return tuple(one.name for one in coarser if one == given or is_float or one.calibrated)


def by_converter(source: Source, precision: Precision) -> bytes:
    """Have TensorFlow's converter make it: floats, and integers whose activations are integers too."""
    tf = import_tensorflow()
    converter = tf.lite.TFLiteConverter.from_saved_model(str(source.folder / SAVED_MODEL))
    if precision.weight_bits < FLOAT_BITS:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision.weight_bits == 16:
        converter.target_spec.supported_types = [tf.float16]
    if precision.calibrated:
        operations = tf.lite.OpsSet
        with_activations = {
            8: operations.TFLITE_BUILTINS_INT8,
            16: operations.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
        }
        converter.target_spec.supported_ops = [with_activations[precision.activation_bits]]
        converter.representative_dataset = lambda: _one_by_one(source)
    content: bytes = converter.convert()
    return content


def by_quantizer(source: Source, precision: Precision) -> bytes:
    """Have ai-edge-quantizer make it of the float32 graph; activations come and go as float32.

    Raises ImportError where ai-edge-quantizer is not installed.
    """
    graph, recipe = source.float32, quantizer.recipe_of(precision)
    if not precision.calibrated and precision.weight_bits <= _INTEGER_BITS:
        graph, numbers = with_lookups(graph)
        recipe += quantizer.recipe_of_words(precision, numbers) if numbers else []
    ranges = quantizer.ranges_of(graph, recipe, source.rows) if precision.calibrated else None
    made = quantizer.quantize(graph, recipe, ranges)
    quantizer.require_changed(made, graph, precision)
    return made


def _of_given(source: Source, precision: Precision) -> bytes:
    """Return the graph that was imported, if it has that precision, or one that is made of it."""
    if precision.name == source.given_as:
        return (source.folder / GIVEN).read_bytes()
    if precision.maker == SAVED_MODEL:
        raise ValueError("it was imported as a .tflite; TensorFlow has nothing to run")
    if precision.name not in made_of(source.given_as):
        raise ValueError(f"it was imported in {source.given_as}, of which it cannot be made")
    maker = by_quantizer if precision.maker == "converter" else MAKERS[precision.maker]
    return maker(source, precision)  # TensorFlow's converter takes no `.tflite`


# By the name that an entry of the ladder gives its maker. The one that is not here is SAVED_MODEL: Keras
# writes that before anything can be made of it.
MAKERS: Mapping[str, Maker] = {"converter": by_converter, "quantizer": by_quantizer}


def _one_by_one(source: Source) -> Iterator[Any]:
    for row in source.rows:
        yield _feeds(row[None], source.tokens) if source.tokens else [row[None]]


def _feeds(row: FloatArray, tokens: int) -> dict[str, Any]:
    """Return the inputs of a graph that takes token ids apart."""
    plain = row[:, : row.shape[1] - tokens]
    return {TOKENS: as_ids(row, tokens)} | ({ROWS: plain} if plain.size else {})
