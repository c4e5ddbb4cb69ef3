"""What makes the `.tflite` file of a precision: TensorFlow's converter, or ai-edge-quantizer after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import gcd
from pathlib import Path
from typing import Any

from bundle.manifest import REFERENCE
from bundle.normalizer import FloatArray
from bundle.runtimes.base import ROWS, TOKENS, as_ids
from bundle.runtimes.tensorflow import import_tensorflow
from training.export.lookups import with_lookups
from training.models.straight_through import block_of, fits_bytes
from training.precisions import BY_NAME, FLOAT_BITS, Precision

_SOUND_BITS = 8  # in which one scale serves all words of an embedding


@dataclass(frozen=True)
class Source:
    """What a graph is made of."""

    saved_model: Path
    calibration: FloatArray  # (n, features): normalised rows, from which ranges are taken
    tokens: int = 0
    """Columns at the end of a row that are token ids."""

    @cached_property
    def float32(self) -> bytes:
        """The graph in full precision: the one beside the SavedModel, if it has been made before."""
        kept = self.saved_model.with_name(f"{REFERENCE}.tflite")
        return kept.read_bytes() if kept.exists() else make(self, REFERENCE)


Maker = Callable[[Source, Precision], bytes]


def make(source: Source, variant: str) -> bytes:
    """Return the content of a variant's file. Raises ValueError where this model cannot have it."""
    precision = BY_NAME[variant]
    if source.tokens and precision.not_of_tokens is not None:
        raise ValueError(precision.not_of_tokens)
    return MAKERS[precision.maker](source, precision)


def by_converter(source: Source, precision: Precision) -> bytes:
    """Have TensorFlow's converter make it: floats, and integers whose activations are integers too."""
    tf = import_tensorflow()
    converter = tf.lite.TFLiteConverter.from_saved_model(str(source.saved_model))
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

    Without integer activations, weights are stored in few bits and computed with in float32, so nothing but
    their rounding changes the answers. With them, dense and recurrent weights have few bits, those of
    convolutions 8, and both are computed with in integers, activations being quantised on the fly. Measured
    on a CPU in 4 bits, that runs an MLP three times as fast as float32, while a CNN with its convolutions in
    4 bits as well, or with weight-only 4-bit layers, is several times slower than float32. The rows of an
    embedding have few bits in any case, and become floats as they are looked up; in 4 bits each has scales of
    its own, since one for all words cost three points of the 150 intents of CLINC150, and twenty of an MLP.

    Raises ImportError where ai-edge-quantizer is not installed.
    """
    from ai_edge_quantizer.qtyping import QuantGranularity, TFLOperationName
    from ai_edge_quantizer.quantizer import Quantizer
    from ai_edge_quantizer.recipe_manager import RecipeManager

    lookups, bits = with_lookups(source.float32), precision.weight_bits
    recipe: Any = RecipeManager()
    everything, dense = TFLOperationName.ALL_SUPPORTED, TFLOperationName.FULLY_CONNECTED
    if precision.activation_bits == FLOAT_BITS:
        recipe.add_weight_only_config(".*", everything, num_bits=bits)
    else:
        recipe.add_dynamic_config(".*", everything, num_bits=8)
        recipe.add_dynamic_config(".*", dense, num_bits=bits)
    if lookups.numbers:
        common = gcd(*lookups.numbers)
        block, few = block_of(common), bits < _SOUND_BITS and fits_bytes(common)
        of_a_word = QuantGranularity[f"BLOCKWISE_{block}"] if block else QuantGranularity.CHANNELWISE
        recipe.add_dynamic_config(
            ".*",
            TFLOperationName.EMBEDDING_LOOKUP,
            num_bits=bits if few else _SOUND_BITS,
            granularity=of_a_word if few else QuantGranularity.TENSORWISE,
        )
    quantizer: Any = Quantizer(lookups.content, recipe.get_quantization_recipe())
    result = quantizer.quantize(enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


# By the name that an entry of the ladder gives its maker. The one that is not here is SAVED_MODEL: Keras
# writes that before anything can be made of it.
MAKERS: Mapping[str, Maker] = {"converter": by_converter, "quantizer": by_quantizer}


def _one_by_one(source: Source) -> Iterator[Any]:
    for row in source.calibration:
        yield _feeds(row[None], source.tokens) if source.tokens else [row[None]]


def _feeds(row: FloatArray, tokens: int) -> dict[str, Any]:
    """Return the inputs of a graph that takes token ids apart."""
    plain = row[:, : row.shape[1] - tokens]
    return {TOKENS: as_ids(row, tokens)} | ({ROWS: plain} if plain.size else {})
