"""Models as others bring them, of data that everybody has: small, and trained in a second."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from ai_edge_litert.tools import flatbuffer_utils

from bundle.bundle import Bundle
from bundle.normalizer import FloatArray
from bundle.store import ModelStore
from tests.training.imports import zoo
from training.config import DataConfig
from training.data.files.sources import load

SCALE = 1 / 16  # of the digits' grey levels, 0 to 16
_SHAPE = (8, 8, 1)
_MODELS = (
    "digits.keras",
    "digits.tflite",
    "vendor.tflite",
    "logits.tflite",
    "rigid.tflite",
    "tumours.tflite",
)

_WAKE_WORDS = "pyopen-wakeword==1.1.0"
_WHEEL_SHA256 = "754347a59de2b3d378a0cbc404a8b41164036e74fa1c185f88056974e4bfb6b4"
_HEAD = "pyopen_wakeword/models/okay_nabu.tflite"


@dataclass(frozen=True)
class Outside:
    """The files of models, and a store in which some of them were published; see `conftest.outside`."""

    folder: Path

    def __getitem__(self, file: str) -> Path:
        return self.folder / file

    @property
    def store(self) -> Path:
        return self.folder / "models"

    def published(self, name: str) -> Bundle:
        return ModelStore(self.store).open(name)

    @property
    def is_made(self) -> bool:
        return all(self[file].exists() for file in _MODELS)

    def make(self) -> None:
        """Write every model. All that tell digits apart have the same weights."""
        self.folder.mkdir(exist_ok=True)
        model, logits = _digits()
        with warnings.catch_warnings():  # of NumPy's, about how Keras saves
            warnings.simplefilter("ignore", DeprecationWarning)
            model.save(self["digits.keras"])
        with tempfile.TemporaryDirectory() as folder:
            exported = zoo.exported(model, Path(folder))
            digits, vendor = zoo.converted_folder(exported), zoo.converted_folder(exported, _integers)
        for name, content in (
            ("digits", _closed(digits)),
            ("vendor", _closed(vendor)),
            ("logits", zoo.converted(logits)),
            ("rigid", zoo.converted(_with_batch_of_one(model))),
            ("tumours", zoo.converted(_tumours())),
        ):
            self[f"{name}.tflite"].write_bytes(content)


def _fitted(model: Any, x: Any, y: Any, loss: str, epochs: int) -> Any:
    model.compile("adam", loss)
    model.optimizer.learning_rate = 0.01
    model.fit(x, y, epochs=epochs, batch_size=64, verbose=0)
    return model


def _digits() -> tuple[Any, Any]:
    """Return a network of digits from 0 to 1, and the same without its softmax."""
    import keras

    keras.utils.set_random_seed(0)
    data = load(DataConfig(data="digits"))
    inputs = keras.Input(_SHAPE)
    hidden: Any = keras.layers.Conv2D(8, 3, activation="relu")(inputs)
    hidden = keras.layers.Dense(32, activation="relu")(keras.layers.Flatten()(hidden))
    scores = keras.layers.Dense(10)(hidden)
    model = keras.Model(inputs, keras.layers.Softmax()(scores))
    _fitted(model, data.x.reshape(-1, *_SHAPE) * SCALE, data.y, "sparse_categorical_crossentropy", 4)
    return model, keras.Model(inputs, scores)


def _tumours() -> Any:
    """Return a network with one sigmoid, of the breast-cancer data standardised."""
    import keras

    keras.utils.set_random_seed(0)
    data = load(DataConfig(data="breast_cancer"))
    x = (data.x - data.x.mean(axis=0)) / data.x.std(axis=0)
    inputs = keras.Input((30,))
    hidden = keras.layers.Dense(16, activation="relu")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(hidden))
    return _fitted(model, x, data.y == data.labels[1], "binary_crossentropy", 6)


def _with_batch_of_one(model: Any) -> Any:
    """Return the model with its batch written into each operation, so that no other can be asked for."""
    import keras

    inputs = keras.Input(batch_shape=(1, *_SHAPE))
    return keras.Model(inputs, model(inputs))


def _integers(tf: Any, converter: Any) -> None:
    """All of it in integers, as a vendor makes it."""
    rows = load(DataConfig(data="digits")).x[:200].reshape(-1, 1, *_SHAPE) * np.float32(SCALE)
    zoo.int8(tf, converter)
    converter.representative_dataset = lambda: ([row] for row in rows)


def _closed(content: bytes) -> bytes:
    """Return a graph as MLPerf Tiny's are: without a SignatureDef, and as if it took one row alone."""
    graph: Any = flatbuffer_utils.read_model_from_bytearray(bytearray(zoo.stripped(content)))
    for tensor in graph.subgraphs[0].tensors:
        tensor.shapeSignature = None
    return bytes(flatbuffer_utils.convert_object_to_bytearray(graph))


def keras_answers(path: Path, rows: FloatArray) -> FloatArray:
    """Return what Keras itself answers with the digits' network to raw rows (n, 64)."""
    import keras

    model = keras.saving.load_model(path)
    answers: FloatArray = np.asarray(model(rows.reshape(-1, *_SHAPE) * np.float32(SCALE)))
    return answers


def wake_word(folder: Path) -> Path:
    """Return a float model of the package `pyopen-wakeword`, out of its wheel: nothing of it is installed.

    It is downloaded once. Skips the test where it cannot be.
    """
    path = folder / Path(_HEAD).name
    if not path.exists():
        options = "--no-deps --only-binary :all: --platform manylinux_2_35_x86_64 --retries 0 --timeout 20"
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        folder.mkdir(exist_ok=True)
        wanted = folder / "requirements.txt"
        wanted.write_text(f"{_WAKE_WORDS} --hash=sha256:{_WHEEL_SHA256}\n", encoding="utf-8")
        done = subprocess.run(
            [*pip, *options.split(), "--dest", str(folder), "--require-hashes", "--requirement", str(wanted)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"{_WAKE_WORDS} cannot be downloaded here: {done.stderr.strip().splitlines()[-1]}")
        with ZipFile(next(folder.glob("*.whl"))) as wheel:
            path.write_bytes(wheel.read(_HEAD))
    return path
