"""Runs the steps of an epoch as one graph, since a small model costs less than Keras's care for each step.

What `keras.Model.fit` does around a step (an iterator, a callback list, metrics as variables) is fixed work,
and for a small model it is nearly all of the work. Here the rows are tensors, their order is drawn by NumPy
once an epoch, and a `tf.function` gathers each batch, steps, and goes on to the next. The arithmetic is that
of `fit`: the same Keras losses, optimisers and weights. Validation is one call for many rows.

Measured by `python -m benchmarks --only training`, in seconds, tracing included: this, `fit` with its
defaults, and the median ratio of three rounds by turns, on two cores that others used too.

    digits, MLP 64-64, 10 epochs, batch 32             0.8     6.0    0.19
    Fashion-MNIST, MLP 64-64, 2 epochs                 4.2    19.6    0.26
    digits, CNN, 5 epochs                              3.7    10.0    0.35
    10,000 rows of Fashion-MNIST, CNN, 1 epoch         6.4    13.2    0.59
    digits, LSTM 64, 5 epochs                          4.3     8.2    0.41

`steps_per_execution` of a whole epoch was tried first, on 20 epochs of the first: 2.9 s, where `fit` took
3.5 and this 0.8. It saves the return to Python and keeps the input pipeline, which is what costs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bundle.normalizer import FloatArray
from bundle.postponed import postponed
from training.config import Loss, TrainConfig
from training.data.dataset import IntArray

# Steps in one call of the graph. Python hears of Ctrl-C between calls, and a call costs 0.1 ms.
_STEPS_A_CALL = 256

_VALIDATED_ROWS = 1024  # in one call; the activations of more would only take memory


class Trainer:
    """A Keras `model` with its optimiser and loss, and the rows that it is trained on.

    `rows` are normalised, (n, features); `y` are class indices, (n,); `weights` has one number a class.
    """

    def __init__(
        self, model: Any, config: TrainConfig, rows: FloatArray, y: IntArray, weights: FloatArray | None
    ) -> None:
        import keras
        import tensorflow as tf

        self._model = model
        self._kind = config.loss
        self._outputs = model.output_shape[-1]
        optimizers = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}
        self._optimizer = optimizers[config.optimizer](config.learning_rate)
        self._optimizer.build(model.trainable_variables)
        self._loss = keras.losses.get(_loss(config.loss, self._outputs))
        self._batch_size = config.batch_size
        row_weights = np.ones(len(y), np.float32) if weights is None else weights[y]
        self._data = tuple(map(tf.convert_to_tensor, (rows, self._targets(y), row_weights)))
        rows_of_any, targets_of_any, weights_of_any = map(_any_length, self._data)
        # Traced here, once: TensorFlow would warn of a search, which has a graph a trial, as of a mistake.
        with postponed():
            self._train_on = tf.function(self._steps).get_concrete_function(
                rows_of_any, targets_of_any, weights_of_any, tf.TensorSpec((None,), tf.int64)
            )
            self._answer = tf.function(self._answers).get_concrete_function(rows_of_any, targets_of_any)

    def learn_at(self, rate: float) -> None:
        """Take steps of another size from now on."""
        self._optimizer.learning_rate.assign(rate)

    def epoch(self, order: IntArray) -> float:
        """Train on the rows in that order, (n,); return the mean of the loss of each row when it was met."""
        import tensorflow as tf

        rows = self._batch_size * _STEPS_A_CALL
        parts = (order[start : start + rows] for start in range(0, len(order), rows))
        return sum(float(self._train_on(*self._data, tf.constant(part))) for part in parts) / len(order)

    def validate(self, rows: FloatArray, y: IntArray) -> tuple[float, float]:
        """Return the mean loss of other rows, unweighted, and the share of them classified rightly."""
        import tensorflow as tf

        targets = self._targets(y)
        loss, correct = 0.0, 0
        for start in range(0, len(rows), _VALIDATED_ROWS):
            part = slice(start, start + _VALIDATED_ROWS)
            answers = self._answer(tf.constant(rows[part]), tf.constant(targets[part]))
            losses, outputs = (tensor.numpy() for tensor in answers)
            predicted = outputs[:, 0] > 0.5 if self._outputs == 1 else outputs.argmax(axis=1)
            loss += float(losses.sum(dtype=np.float64))
            correct += int((predicted == y[part]).sum())
        return loss / len(rows), correct / len(rows)

    def _steps(self, rows: Any, targets: Any, weights: Any, order: Any) -> Any:
        """Step over the rows in that order; return the sum of their weighted losses."""
        import tensorflow as tf

        total = tf.constant(0.0)
        for start in tf.range(0, tf.size(order), self._batch_size):  # AutoGraph makes it a loop of the graph
            batch = order[start : start + self._batch_size]
            with tf.GradientTape() as tape:
                outputs = self._model(tf.gather(rows, batch), training=True)
                losses = self._loss(tf.gather(targets, batch), outputs)  # (batch,)
                losses *= tf.gather(weights, batch)
                loss = tf.reduce_mean(losses)
            variables = self._model.trainable_variables
            self._optimizer.apply(tape.gradient(loss, variables), variables)
            total += tf.reduce_sum(losses)
        return total

    def _answers(self, rows: Any, targets: Any) -> tuple[Any, Any]:
        outputs = self._model(rows, training=False)
        return self._loss(targets, outputs), outputs

    def _targets(self, y: IntArray) -> Any:
        """Return what the loss compares with: 0 or 1, one-hot rows, or class indices."""
        if self._outputs == 1:
            return y[:, None].astype(np.float32)  # (n, 1)
        return np.eye(self._outputs, dtype=np.float32)[y] if self._kind == "mse" else y


def _loss(loss: Loss, outputs: int) -> str:
    if loss == "mse":
        return "mean_squared_error"
    return "binary_crossentropy" if outputs == 1 else "sparse_categorical_crossentropy"


def _any_length(tensor: Any) -> Any:
    import tensorflow as tf

    return tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype)
