"""The three architectures, as Keras graphs from normalised flat rows to probabilities.

Every reshape names its sizes and leaves only the batch open. Keras's own `Reshape` and `Flatten` layers, and
the zeros that a recurrent layer begins with, ask for the batch's size at run time instead: such a graph does
not know the shape of its own output before it has run, and plans its memory anew in every call.
"""

from __future__ import annotations

from math import prod
from typing import Any

from bundle.manifest import InputSpec
from bundle.runtimes.base import ROWS
from training.config import Architecture, Cell
from training.errors import OptionError
from training.models.layers import FOR_RELU, dense, first_state, recurrent
from training.models.texts import TextReader
from training.precisions import PLAIN_WIDTH, scaled

# An unrolled graph holds a copy of the cell for each step; beyond this, converting takes minutes.
STEPS_MAX = 256

_DENSE_UNITS = 64  # of the layer after convolutions, and of those of texts that `hidden` does not name


def build(
    architecture: Architecture,
    input_spec: InputSpec,
    classes: int,
    *,
    hidden: tuple[int, ...],
    cell: Cell = "lstm",
    unroll: bool = False,
    width: float = PLAIN_WIDTH,
    embedding: int = 32,
) -> Any:
    """Return an untrained `keras.Model` from (batch, features) to (batch, 1 if binary else classes).

    `width` multiplies the units or filters of every hidden layer.

    Its weights do not depend on `unroll`: a recurrent model is trained as a loop, which is quick to trace,
    and its weights are copied into an unrolled twin to be exported, since a loop converts to a graph that
    fails at any batch size but 1. The twin of a model of texts takes token ids apart; see
    `training.models.texts`.
    """
    import keras

    hidden, (dense_units,) = scaled(hidden, width), scaled((_DENSE_UNITS,), width)
    rows = keras.Input((input_spec.features,), name=ROWS)
    inputs = rows
    if input_spec.tokens:
        reader = TextReader(architecture, hidden, cell, embedding, dense_units)
        inputs, features = reader.connect(input_spec, rows, for_export=unroll)
    elif architecture == "mlp":
        features = _dense(rows, hidden)
    elif architecture == "cnn":
        features = _convolutional(rows, input_spec, hidden, dense_units)
    else:
        features = _recurrent(rows, input_spec, hidden, cell, unroll=unroll)
    head = (
        keras.layers.Dense(1, activation="sigmoid", name="probability")
        if classes == 2
        else keras.layers.Dense(classes, activation="softmax", name="probabilities")
    )
    return keras.Model(inputs, head(features), name=architecture)


def needs_twin(architecture: Architecture, input_spec: InputSpec) -> bool:
    """Tell whether what is exported is a twin of the trained model, built with `unroll`."""
    return architecture == "rnn" or input_spec.tokens > 0


def require_possible(architecture: Architecture, input_spec: InputSpec) -> None:
    """Raise OptionError where the rows have too many steps for a recurrent model."""
    steps = max(input_spec.texts) if input_spec.tokens else time_steps(input_spec)[0]
    if architecture == "rnn" and steps > STEPS_MAX:
        raise OptionError(
            f"--model rnn was given rows of {steps} steps; at most {STEPS_MAX} can be unrolled. "
            "Use mlp or cnn, or cut the rows shorter"
        )


def time_steps(input_spec: InputSpec) -> tuple[int, int]:
    """Return how a recurrent model reads a row: (steps, numbers a step); an image is read row by row."""
    steps = input_spec.shape[0]
    return steps, input_spec.features // steps


def _dense(rows: Any, hidden: tuple[int, ...]) -> Any:
    for units in hidden:
        rows = dense(units)(rows)
    return rows


def _convolutional(rows: Any, input_spec: InputSpec, hidden: tuple[int, ...], dense_units: int) -> Any:
    import keras

    plane = input_spec.kind == "image"
    convolution = keras.layers.Conv2D if plane else keras.layers.Conv1D
    pooling = keras.layers.MaxPooling2D if plane else keras.layers.MaxPooling1D
    maps = keras.ops.reshape(rows, (-1, *_with_channels(input_spec)))
    for filters in hidden:
        maps = convolution(filters, 3, padding="same", activation="relu", kernel_initializer=FOR_RELU)(maps)
        maps = pooling(2, padding="same")(maps)
    return dense(dense_units)(keras.ops.reshape(maps, (-1, prod(maps.shape[1:]))))


def _with_channels(input_spec: InputSpec) -> tuple[int, ...]:
    rank = 3 if input_spec.kind == "image" else 2
    return input_spec.shape if len(input_spec.shape) == rank else (*input_spec.shape, 1)


def _recurrent(rows: Any, input_spec: InputSpec, hidden: tuple[int, ...], cell: Cell, *, unroll: bool) -> Any:
    import keras

    series = keras.ops.reshape(rows, (-1, *time_steps(input_spec)))
    # From the end: the padding of a short sequence is read first, what was said last, and it is remembered.
    for position, units in enumerate(hidden, start=1):
        series = recurrent(cell)(
            units,
            return_sequences=position < len(hidden),
            unroll=unroll,
            go_backwards=input_spec.padded and position == 1,
        )(series, initial_state=first_state(cell, rows[:, :1], units))
    return series
