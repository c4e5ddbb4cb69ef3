"""A model that answers as if some of its weights had 4 bits, and learns as if they had not.

Rounding has no gradient that teaches anything: it is zero almost everywhere. So each weight is rounded on the
way forward, and its gradient is passed straight through to the weight that was rounded (Bengio et al. 2013).
The weight moves by steps that are too small for the grid, until another point of it is nearer.

The grid is that of ai-edge-quantizer, which makes the file: symmetric, from -7 to 7, the largest weight that
has a scale at its end. What lies on such a grid stays where it is when it is rounded again. So a model that
was fine-tuned is exported with its weights rounded, and the file holds the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# Numbers of an embedded word that the quantiser can give a scale of their own, in 2 bytes.
BLOCKS = (256, 128, 64, 32)

_LEVELS = 7  # on either side of zero, where -8 would have no counterpart
_LEAST = 1e-9  # the quantiser's own: of weights that are all zero, the grid would have no width


def block_of(numbers: int) -> int | None:
    """Return how many numbers of an embedded word share a scale, at most; None where no block fits."""
    return next((block for block in BLOCKS if numbers % block == 0), None)


def fits_bytes(numbers: int) -> bool:
    """Tell whether a word of 4-bit numbers ends with a byte: LiteRT looks others up at the wrong place."""
    return numbers % 2 == 0


@dataclass(frozen=True)
class Grid:
    """A variable of a layer that is to have 4 bits: (inputs, units), or (words, numbers) of an embedding.

    A unit has a scale, and of an embedding a block of a word, or the word where no block fits.
    """

    variable: Any
    embeds: bool = False

    def rounded(self) -> Any:
        """Return the weights, each at the nearest point of the grid."""
        import tensorflow as tf

        weights = tf.convert_to_tensor(self.variable.value)
        if not self.embeds:
            return _rounded(weights, tf.reduce_max(tf.abs(weights), axis=0, keepdims=True) / _LEVELS)
        numbers = weights.shape[1]
        block = block_of(numbers)
        parts = tf.reshape(weights, (-1, block or numbers))  # (words * blocks, block)
        scale = tf.reduce_max(tf.abs(parts), axis=1, keepdims=True) / _LEVELS
        if block:  # such a scale is stored in few bits
            scale = tf.cast(tf.cast(scale, tf.bfloat16), tf.float32)
        return tf.reshape(_rounded(parts, scale), weights.shape)

    def straight(self) -> Any:
        """Return the same, with a gradient that takes no notice of the rounding."""
        import tensorflow as tf

        weights = tf.convert_to_tensor(self.variable.value)
        return weights + tf.stop_gradient(self.rounded() - weights)


def _rounded(weights: Any, scale: Any) -> Any:
    import tensorflow as tf

    scale = tf.maximum(scale, _LEAST / _LEVELS)
    return tf.clip_by_value(tf.round(weights / scale), -_LEVELS, _LEVELS) * scale  # halves to even


def grids(model: Any) -> list[Grid]:
    """Return what is rounded of a model: dense and recurrent weights, and the embedding of words."""
    return [grid for layer in model.layers for grid in _of_layer(layer)]


def _of_layer(layer: Any) -> Iterator[Grid]:
    import keras

    if isinstance(layer, keras.layers.Dense):
        yield Grid(layer.kernel)
    elif isinstance(layer, (keras.layers.LSTM, keras.layers.GRU)):
        yield Grid(layer.cell.kernel)
        yield Grid(layer.cell.recurrent_kernel)
    elif isinstance(layer, keras.layers.Embedding) and fits_bytes(layer.output_dim):
        yield Grid(layer.embeddings, embeds=True)


class StraightThrough:
    """A Keras `model`, called with its weights rounded; what a trainer changes are the model's own."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._grids = grids(model)
        self.output_shape = model.output_shape
        self.trainable_variables = model.trainable_variables

    def __call__(self, rows: Any, *, training: bool) -> Any:
        import keras

        rounded = [(grid.variable, grid.straight()) for grid in self._grids]
        with keras.StatelessScope(state_mapping=rounded):
            return self._model(rows, training=training)

    def round(self) -> None:
        """Give the model the rounded weights for good."""
        for grid in self._grids:
            grid.variable.assign(grid.rounded())
