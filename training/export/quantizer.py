"""Has ai-edge-quantizer make a graph of one in full precision: by a recipe, and ranges of its tensors."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from math import gcd
from typing import Any, TypeAlias

from bundle.normalizer import FloatArray
from training.models.straight_through import block_of, fits_bytes
from training.precisions import FLOAT_BITS, Precision

_SOUND_BITS = 8  # in which one scale serves all words

# What ai-edge-quantizer reads: which operations become what, a rule each; of two that fit, the later holds.
Recipe: TypeAlias = list[dict[str, Any]]

# By the name of a tensor, its lowest and its highest number.
Ranges: TypeAlias = dict[str, Any]


def recipe_of(precision: Precision) -> Recipe:
    """Return how every operation is made that precision; what comes in and goes out stays float32.

    Without integer activations, weights are stored in few bits and computed with in float32, so nothing but
    their rounding changes the answers. With them, dense and recurrent weights have few bits, those of
    convolutions 8, and both are computed with in integers; activations are quantised on the fly where they
    are not calibrated. Measured on a CPU in 4 bits, that runs an MLP three times as fast as float32, while a
    CNN with its convolutions in 4 bits as well, or with weight-only 4-bit layers, is several times slower
    than float32.

    Raises ImportError where ai-edge-quantizer is not installed.
    """
    from ai_edge_quantizer import qtyping
    from ai_edge_quantizer.algorithm_manager import AlgorithmName
    from ai_edge_quantizer.recipe_manager import RecipeManager

    recipe: Any = RecipeManager()
    names = qtyping.TFLOperationName
    everything, bits = names.ALL_SUPPORTED, precision.weight_bits
    if precision.calibrated:
        recipe.add_static_config(".*", everything, precision.activation_bits, bits)
        for border in (names.INPUT, names.OUTPUT):
            recipe.add_quantization_config(".*", border, algorithm_key=AlgorithmName.NO_QUANTIZE)
    elif precision.activation_bits < FLOAT_BITS:
        recipe.add_dynamic_config(".*", everything, num_bits=8)
        recipe.add_dynamic_config(".*", names.FULLY_CONNECTED, num_bits=bits)
    elif bits == 16:
        halves = qtyping.OpQuantizationConfig(
            weight_tensor_config=qtyping.TensorQuantizationConfig(bits, dtype=qtyping.TensorDataType.FLOAT),
            compute_precision=qtyping.ComputePrecision.FLOAT,
        )
        recipe.add_quantization_config(".*", everything, halves, AlgorithmName.FLOAT_CASTING)
    else:
        recipe.add_weight_only_config(".*", everything, num_bits=bits)
    rules: Recipe = recipe.get_quantization_recipe()
    return rules


def recipe_of_words(precision: Precision, numbers: Sequence[int]) -> Recipe:
    """Return how tables of words are made that precision, whose rows have so many numbers: in few bits.

    A row becomes floats as it is looked up, so that is no slower than floats. In 4 bits a word has scales of
    its own: with one scale for all, an MLP that reads CLINC150 fell from 0.83 to 0.60.
    """
    from ai_edge_quantizer.qtyping import QuantGranularity, TFLOperationName
    from ai_edge_quantizer.recipe_manager import RecipeManager

    common = gcd(*numbers)
    few = precision.weight_bits < _SOUND_BITS and fits_bytes(common)
    block = block_of(common)
    of_a_word = QuantGranularity[f"BLOCKWISE_{block}"] if block else QuantGranularity.CHANNELWISE
    recipe: Any = RecipeManager()
    recipe.add_dynamic_config(
        ".*",
        TFLOperationName.EMBEDDING_LOOKUP,
        num_bits=precision.weight_bits if few else _SOUND_BITS,
        granularity=of_a_word if few else QuantGranularity.TENSORWISE,
    )
    rules: Recipe = recipe.get_quantization_recipe()
    return rules


def ranges_of(graph: bytes, recipe: Recipe, rows: FloatArray) -> Ranges:
    """Return between what the tensors of `graph` lie for `rows` (n, *shape), where the recipe asks for that.

    Rows are shown one at a time: its batch may be fixed. A range is that of all rows. The quantiser's own way
    is a moving average, so that the last rows count and rare ones hardly: int8 of MLPerf Tiny's ResNet then
    agreed with float32 on 0.93 of CIFAR-10's test rows, and on 0.96 with this.
    """
    from ai_edge_quantizer.calibrator import Calibrator
    from ai_edge_quantizer.utils.qsv_utils import min_max_update

    with _keeping_tensors():
        calibrator: Any = Calibrator(graph, num_threads=1, qsv_update_func=min_max_update)
    calibrator.calibrate(_shown(graph, rows), _Rules(recipe))
    return dict(calibrator.get_model_qsvs())


class _Rules:
    """Finds the rule of an operation once: the calibrator asks again with every row, a third of its time."""

    def __init__(self, recipe: Recipe) -> None:
        from ai_edge_quantizer.recipe_manager import RecipeManager

        manager: Any = RecipeManager()
        manager.load_quantization_recipe(recipe)
        self.get_quantization_configs = cache(manager.get_quantization_configs)


def quantize(graph: bytes, recipe: Recipe, ranges: Ranges | None) -> bytes:
    """Return what a recipe makes of `graph`, which has a signature; `ranges` where the recipe needs them."""
    from ai_edge_quantizer.quantizer import Quantizer

    quantizer: Any = Quantizer(graph, recipe)
    with _keeping_tensors():
        result = quantizer.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


def require_changed(made: bytes, graph: bytes, precision: Precision) -> None:
    """Raise ValueError where `made` of `graph` has no more numbers of its precision than that had.

    The quantiser passes over what it has no rule for, and would hand back the graph under another name.
    """
    bits = precision.activation_bits if precision.calibrated else precision.weight_bits
    if _count(made, bits) <= _count(graph, bits):
        what = "activations" if precision.calibrated else "weights"
        raise ValueError(f"it has no {what} that ai-edge-quantizer could make {bits} bits of")


def _count(graph: bytes, bits: int) -> int:
    """Return how many tensors of a graph have numbers of so many bits."""
    from ai_edge_litert.schema_py_generated import TensorType
    from ai_edge_litert.tools import flatbuffer_utils

    kinds = {4: [TensorType.INT4], 8: [TensorType.INT8], 16: [TensorType.INT16, TensorType.FLOAT16]}[bits]
    model: Any = flatbuffer_utils.read_model_from_bytearray(bytearray(graph))
    return sum(tensor.type in kinds for part in model.subgraphs for tensor in part.tensors)


@contextmanager
def _keeping_tensors() -> Iterator[None]:
    """Do not warn that it takes memory to keep every tensor: the quantiser asks LiteRT for that itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def _shown(graph: bytes, rows: FloatArray) -> dict[str, list[dict[str, FloatArray]]]:
    from ai_edge_litert.interpreter import Interpreter

    signatures = Interpreter(model_content=graph).get_signature_list()
    name, signature = next(iter(signatures.items()))
    (source,) = signature["inputs"]
    return {name: [{source: row[None]} for row in rows]}
