"""Small models of every kind that is imported or refused, made as others make theirs."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.tools import flatbuffer_utils

SHAPE = (6, 6, 1)
CLASSES = 3


def rows(count: int = 8) -> Any:
    return np.random.default_rng(1).normal(size=(count, *SHAPE)).astype(np.float32)


def classifier() -> Any:
    """A convolution, a wide layer that is worth being quantised, and a head."""
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.Input(SHAPE, name="image")
    features = keras.layers.Conv2D(8, 3, activation="relu")(inputs)
    features = keras.layers.Dense(32, activation="relu")(keras.layers.Flatten()(features))
    return keras.Model(inputs, keras.layers.Dense(CLASSES, activation="softmax")(features))


def converted(model: Any) -> bytes:
    """Return the `.tflite` of a Keras model; a batch that it fixes stays so."""
    import tensorflow as tf

    return bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())


def exported(model: Any, folder: Path) -> Path:
    """Write a Keras model as a SavedModel of any batch, of which graphs of several precisions can be made."""
    model.export(str(folder), verbose=False)
    return folder


def converted_folder(folder: Path, set_up: Callable[[Any, Any], None] = lambda tf, converter: None) -> bytes:
    """Return the `.tflite` of a SavedModel."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    set_up(tf, converter)
    with warnings.catch_warnings():  # of statistics, which it takes from representative rows
        warnings.simplefilter("ignore", UserWarning)
        return bytes(converter.convert())


def float16(tf: Any, converter: Any) -> None:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]


def dynamic_int8(tf: Any, converter: Any) -> None:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]


def int8(tf: Any, converter: Any) -> None:
    """All of it in integers, the input and the output as well."""
    dynamic_int8(tf, converter)
    converter.representative_dataset = lambda: ([row[None]] for row in rows())
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8


def int16x8(tf: Any, converter: Any) -> None:
    dynamic_int8(tf, converter)
    converter.representative_dataset = lambda: ([row[None]] for row in rows())
    converter.target_spec.supported_ops = [
        tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
    ]


def quantised(content: bytes, *, weight_bits: int) -> bytes:
    """Return a float graph with its weights alone in few bits."""
    from ai_edge_quantizer.qtyping import TFLOperationName
    from ai_edge_quantizer.quantizer import Quantizer
    from ai_edge_quantizer.recipe_manager import RecipeManager

    recipe: Any = RecipeManager()
    recipe.add_weight_only_config(".*", TFLOperationName.FULLY_CONNECTED, num_bits=weight_bits)
    quantizer: Any = Quantizer(content, recipe.get_quantization_recipe())
    result = quantizer.quantize(enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


def stripped(content: bytes) -> bytes:
    """Return a graph as the converters of 2020 wrote it: without a SignatureDef, and nameless within."""
    model: Any = flatbuffer_utils.read_model_from_bytearray(content)
    model.signatureDefs = None
    for tensor in model.subgraphs[0].tensors:
        tensor.name = b"same" if len(tensor.shape) == 1 else tensor.name
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def function(
    body: Callable[..., Any],
    *shapes: tuple[int | None, ...],
    dtype: str = "float32",
    state: bool = False,
) -> Any:
    """Return a module whose `answer` is `body` of TensorFlow and its inputs; with `state`, of a count."""
    import tensorflow as tf

    module = tf.Module()
    module.kept = tf.Variable(0.0) if state else None

    def answer(*given: Any) -> Any:
        if state:
            module.kept.assign_add(1.0)
            return body(tf, *given) + module.kept
        return body(tf, *given)

    specs = [tf.TensorSpec(shape, dtype, name=f"rows{place}") for place, shape in enumerate(shapes)]
    module.answer = tf.function(answer, input_signature=specs)
    return module


def converted_function(module: Any, set_up: Callable[[Any, Any], None] = lambda tf, converter: None) -> bytes:
    import tensorflow as tf

    concrete = module.answer.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
    set_up(tf, converter)
    return bytes(converter.convert())


def saved(module: Any, folder: Path) -> Path:
    """Write the module as a SavedModel."""
    import tensorflow as tf

    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.answer})
    return folder


def weights(*shape: int) -> Any:
    return np.random.default_rng(2).normal(size=shape).astype(np.float32)


def flat(tf: Any, given: Any) -> Any:
    """Scores of rows of (4,), as probabilities."""
    return tf.nn.softmax(given @ weights(4, 3))
