"""Small networks as somebody else's `.tflite` files: in float32, with their batch fixed at 1."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bundle.manifest import REFERENCE
from bundle.normalizer import FloatArray
from bundle.runtimes.tensorflow import import_tensorflow
from training.export.makers import Source, make
from training.export.probe import Probe
from training.precisions import GIVEN

CLASSES = 5
_FEATURES = (40,)
_IMAGE = (8, 8, 3)
_ROWS = 171  # the first 71 to check with, the others to calibrate on
_CHECKED = 71


@dataclass(frozen=True)
class Network:
    """A network: the shape of a row, and what is done with a batch of them, a tensor of TensorFlow's."""

    shape: tuple[int, ...]
    answer: Callable[[Any, Any], Any]


def _hidden(tf: Any, x: Any) -> Any:
    return tf.nn.relu(x @ _weights(x.shape[-1], 64) + _weights(64))


def _scores(tf: Any, hidden: Any) -> Any:
    return hidden @ _weights(hidden.shape[-1], CLASSES) * 2.0


def _filtered(tf: Any, x: Any) -> Any:
    once = tf.nn.relu(tf.nn.conv2d(x, _weights(3, 3, 3, 16), 1, "SAME") + _weights(16))
    return tf.nn.relu(tf.nn.conv2d(once, _weights(3, 3, 16, 24), 2, "SAME"))


def _dense(tf: Any, x: Any) -> Any:
    return tf.nn.softmax(_scores(tf, _hidden(tf, x)))


def _pooled(tf: Any, x: Any) -> Any:
    """Have no dense layer, only filters."""
    return tf.nn.softmax(tf.reduce_mean(_filtered(tf, x), axis=(1, 2))[:, :CLASSES] * 4.0)


def _logits(tf: Any, x: Any) -> Any:
    return _scores(tf, _hidden(tf, x))


def _convolved(tf: Any, x: Any) -> Any:
    return tf.nn.softmax(_scores(tf, tf.reduce_mean(_filtered(tf, x), axis=(1, 2)) * 4.0))


def _outlying(tf: Any, x: Any) -> Any:
    """Have one input of little energy, and weights of it beside which all others are nothing in 8 bits."""
    energy = np.ones(_FEATURES, np.float32)
    energy[0] = 1e-3
    weak = tf.nn.relu(x * energy)
    return tf.nn.softmax(_scores(tf, tf.nn.relu(weak @ (_weights(*_FEATURES, 64) / energy[:, None]))))


def _reshaped(tf: Any, x: Any) -> Any:
    """Have the batch, and what it becomes when it is flat, written into the graph."""
    return tf.nn.softmax(_scores(tf, tf.reshape(_filtered(tf, x), (1, 4 * 4 * 24))))


def _attentive(tf: Any, x: Any) -> Any:
    """Answer a row by the others of its batch, too: rightly where it is alone."""
    hidden = _hidden(tf, x)
    attention = tf.nn.softmax(tf.matmul(hidden, hidden, transpose_b=True) / 100.0)  # (batch, batch)
    return tf.nn.softmax(_scores(tf, attention @ hidden))


def _crowded(tf: Any, x: Any) -> Any:
    """Answer a batch of a hundred rows and more the wrong way round."""
    turned = tf.where(tf.shape(x)[0] >= 100, -1.0, 1.0)
    return tf.nn.softmax(_scores(tf, _hidden(tf, x)) * turned)


def _leaning(tf: Any, x: Any) -> Any:
    """Answer a row a little by the others of its batch, which is less than quantising may cost."""
    return tf.nn.softmax(_scores(tf, _hidden(tf, x - 0.02 * tf.reduce_mean(x, axis=0))))


NETWORKS: Mapping[str, Network] = {
    "dense": Network(_FEATURES, _dense),
    "logits": Network(_FEATURES, _logits),
    "outlying": Network(_FEATURES, _outlying),
    "convolved": Network(_IMAGE, _convolved),
    "pooled": Network(_IMAGE, _pooled),
    "reshaped": Network(_IMAGE, _reshaped),
    "attentive": Network(_FEATURES, _attentive),
    "crowded": Network(_FEATURES, _crowded),
    "leaning": Network(_FEATURES, _leaning),
}


@dataclass(frozen=True)
class Given:
    """A network in a folder where it is to be converted, and what it answers itself."""

    folder: Path
    content: bytes
    probe: Probe
    given_as: str = REFERENCE

    @property
    def source(self) -> Source:
        probe = self.probe
        return Source(self.folder, probe.calibration, shape=probe.shape, given_as=self.given_as)


def lay(name: str, folder: Path) -> Given:
    """Put a network into a folder as it is after an import."""
    content, probe = _made(name)
    (folder / GIVEN).write_bytes(content)
    return Given(folder, content, probe)


def save(name: str, folder: Path) -> Probe:
    """Put a network into a folder as TensorFlow's SavedModel, for any number of rows."""
    _save(NETWORKS[name], folder, None)
    return _made(name)[1]


@cache
def made(name: str, precision: str) -> bytes:
    """Return what is made of a network in a precision: once, for all tests that look at it."""
    with tempfile.TemporaryDirectory() as folder:
        return make(lay(name, Path(folder)).source, precision)


@cache
def _made(name: str) -> tuple[bytes, Probe]:
    tf, network = import_tensorflow(), NETWORKS[name]
    with tempfile.TemporaryDirectory() as folder:
        answer = _save(network, Path(folder), 1)
        content = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
    rows = np.random.default_rng(1).normal(size=(_ROWS, *network.shape)).astype(np.float32)
    expected = np.concatenate([answer(tf.constant(row[None])) for row in rows[:_CHECKED]])
    flat = rows.reshape(_ROWS, -1)
    if name == "logits":
        expected = tf.nn.softmax(expected).numpy()
    probe = Probe(flat[_CHECKED:], flat[:_CHECKED], expected, 2_000, shape=network.shape, source="the model")
    return content, probe


def _save(network: Network, folder: Path, batch: int | None) -> Any:
    """Write the network as a SavedModel; return the function that is in it."""
    tf = import_tensorflow()
    module = tf.Module()
    module.answer = tf.function(
        lambda x: network.answer(tf, x), input_signature=[tf.TensorSpec((batch, *network.shape), tf.float32)]
    )
    tf.saved_model.save(module, str(folder), signatures=module.answer)
    return module.answer


@cache
def _weights(*shape: int) -> FloatArray:
    """Return numbers that a layer of this shape could have learnt: the same whenever they are asked for."""
    fan_in = max(1, int(np.prod(shape[:-1])))
    return np.random.default_rng(len(shape)).normal(0, np.sqrt(2 / fan_in), shape).astype(np.float32)
