"""The precisions that TensorFlow's converter cannot make: ai-edge-quantizer makes them of a float32 graph."""

from __future__ import annotations

from typing import Any

LOW_BITS = ("weight_int8", "weight_int4")


def quantize_weights(graph: bytes, variant: str) -> bytes:
    """Return the float32 `graph` with its weights as integers; activations come and go as float32.

    `weight_int8`: weights are stored in 8 bits and computed with in float32, so nothing but their rounding
    changes the answers. `weight_int4`: dense and recurrent weights in 4 bits, those of convolutions in 8,
    and both computed with in integers, activations being quantised on the fly. Measured on a CPU, that runs
    an MLP three times as fast as float32, while a CNN with its convolutions in 4 bits as well, or with
    weight-only 4-bit layers, is several times slower than float32.

    Raises ImportError where ai-edge-quantizer is not installed.
    """
    from ai_edge_quantizer.qtyping import TFLOperationName
    from ai_edge_quantizer.quantizer import Quantizer
    from ai_edge_quantizer.recipe_manager import RecipeManager

    recipe: Any = RecipeManager()
    if variant == "weight_int8":
        recipe.add_weight_only_config(".*", TFLOperationName.ALL_SUPPORTED, num_bits=8)
    else:
        recipe.add_dynamic_config(".*", TFLOperationName.ALL_SUPPORTED, num_bits=8)
        recipe.add_dynamic_config(".*", TFLOperationName.FULLY_CONNECTED, num_bits=4)
    quantizer: Any = Quantizer(graph, recipe.get_quantization_recipe())
    result = quantizer.quantize(enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)
