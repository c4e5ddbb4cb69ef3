"""Bundles that are broken on purpose, each in one way, from one network that is sound in float32."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from bundle.manifest import REFERENCE, CalibrationSpec, GraphSpec, Manifest, Provenance
from bundle.normalizer import FloatArray, Normalizer
from bundle.store import ModelStore
from training.config import DataConfig, TrainConfig
from training.data.files.sources import load
from training.data.prepare import Prepared, prepare
from training.evaluation.evaluate import Answers, Evaluation
from training.evaluation.scoring import score
from training.evaluation.tally import tally
from training.export import writer
from training.export.makers import Source, make
from training.models.fit import fit, make_repeatable
from training.precisions import PLAIN_WIDTH, SAVED_MODEL, Rung

VARIANTS = ("float32", "int8")
FEATURES = 16
UNITS = 24
PROVENANCE = Provenance(
    created="",
    data="sensors",
    data_sha256="",
    train_rows=1,
    validation_rows=1,
    test_rows=1,
    hyperparameters={},
    libraries={},
)
DEAD, WIDE = 0, 1  # hidden units with a part to play


def prepared(folder: Path) -> Prepared:
    """Sixteen sensors that follow one quantity, each in a unit of its own; the label is how much there is.

    So features differ in size by four orders, and what is cut off at the top is taken for less than it is.
    """
    random = np.random.default_rng(1)
    quantity = random.normal(size=(1500, 1))
    units = np.logspace(0, 4, FEATURES)
    x = (5 + quantity + random.normal(0, 0.3, (1500, FEATURES))) * units
    y = np.searchsorted([-1.0, -0.3, 0.3, 1.0], quantity[:, 0])
    np.savez(folder / "sensors.npz", x=x, y=y)
    data = load(DataConfig(data=str(folder / "sensors.npz")))
    return prepare(data, normalize="standardize", test_size=0.5, validation_size=0.1, seed=1)


def network(rows: Prepared, *, folded: bool = False) -> Any:
    """Return an untrained network; `folded` takes raw rows, and standardises them inside the graph."""
    import keras

    source = keras.Input((FEATURES,), name="rows")
    features: Any = source
    if folded:
        normalizer = rows.normalizer
        variance = 1 / np.square(normalizer.scale.astype(np.float64))
        features = keras.layers.Normalization(mean=normalizer.offset, variance=variance)(features)
    for name in ("first", "second"):
        features = keras.layers.Dense(UNITS, activation="relu", name=name)(features)
    output = keras.layers.Dense(5, activation="softmax", name="probabilities")(features)
    return keras.Model(source, output, name="mlp")


def trained(rows: Prepared) -> Any:
    make_repeatable(3)
    model, normalize = network(rows), rows.normalizer.apply
    config = TrainConfig(data="sensors", learning_rate=0.01, epochs=12, batch_size=32)
    fit(
        model,
        (normalize(rows.x_train), rows.y_train),
        (normalize(rows.x_validation), rows.y_validation),
        config,
    )
    return model


@dataclass(frozen=True)
class Workshop:
    """Where bundles are made: a store, the rows, and a network that is trained, and saved, once."""

    store: Path
    rows: Prepared
    model: Any
    saved: Path
    """The folder of the network's graphs: as it was trained, and in float32."""

    @classmethod
    def opened(cls, folder: Path) -> Self:
        rows = prepared(folder)
        model, saved = trained(rows), folder / "saved"
        saved.mkdir()
        writer.save_graph(model, saved)
        source = Source(saved, rows.normalizer.apply(rows.x_train))
        (saved / f"{REFERENCE}.tflite").write_bytes(make(source, REFERENCE))
        return cls(folder / "models", rows, model, saved)

    def publish(
        self, name: str, calibration: FloatArray, model: Any = None, normalizer: Normalizer | None = None
    ) -> Path:
        """Export and publish as training does, calibrated with raw rows; return the bundle's folder."""
        rows = replace(self.rows, normalizer=normalizer or self.rows.normalizer)

        def fill(staging: Path) -> Manifest:
            folder = staging / writer.VARIANTS_FOLDER
            if model is None:
                shutil.copytree(self.saved, folder)
            else:
                folder.mkdir()
                writer.save_graph(model, folder)
            source = Source(folder, rows.normalizer.apply(calibration))
            (folder / f"{REFERENCE}.tflite").write_bytes(source.float32)
            (folder / "int8.tflite").write_bytes(make(source, "int8"))
            runtimes = writer.open_exported(folder, dict.fromkeys(VARIANTS, GraphSpec()), rows)
            answers = {variant: runtimes[variant].predict(rows.x_test) for variant in VARIANTS}
            evaluations = [
                Evaluation(
                    variant,
                    score(rows.y_test, answers[variant], answers[REFERENCE]),
                    1,
                    tally(rows.y_test, answers[variant], answers[REFERENCE]),
                    Answers(rows.y_test, answers[variant].argmax(axis=1)),
                )
                for variant in VARIANTS
            ]
            shutil.rmtree(folder / SAVED_MODEL)
            rungs = {variant: Rung(PLAIN_WIDTH, variant) for variant in VARIANTS}
            seen = CalibrationSpec.of(calibration, FEATURES)
            return writer.BundleWriter(staging, rows, PROVENANCE, rungs, seen).write(runtimes, evaluations)

        return ModelStore(self.store).publish(name, fill).folder


def twin(shop: Workshop, *, folded: bool = False) -> Any:
    """Return a network of the same weights, to be changed."""
    copy = network(shop.rows, folded=folded)
    for name in ("first", "second", "probabilities"):
        copy.get_layer(name).set_weights(shop.model.get_layer(name).get_weights())
    return copy


def sound(shop: Workshop) -> Path:
    return shop.publish("sound", shop.rows.x_train)


def one_scale(shop: Workshop) -> Path:
    """The normaliser does nothing, and the graph normalises inside, after its one scale."""
    nothing = Normalizer(
        "standardize", FEATURES, np.zeros(FEATURES, np.float32), np.ones(FEATURES, np.float32)
    )
    folded = twin(shop, folded=True)
    return shop.publish("one_scale", shop.rows.x_train, folded, nothing)


def narrow(shop: Workshop) -> Path:
    """Calibrated with the forty rows that lie nearest the middle."""
    rows = shop.rows
    reach = np.abs(rows.normalizer.apply(rows.x_train)).max(axis=1)
    return shop.publish("narrow", rows.x_train[np.argsort(reach)[:40]])


def saturating(shop: Workshop) -> Path:
    """Calibrated with one feature at a time at its ends: each fits, and what they add up to does not."""
    rows = shop.rows
    everything = np.concatenate([rows.x_train, rows.x_test])
    middle = np.tile(rows.normalizer.offset, (2 * FEATURES + 1, 1))
    index = np.arange(FEATURES)
    middle[index, index], middle[FEATURES + index, index] = everything.min(axis=0), everything.max(axis=0)
    return shop.publish("saturating", middle)


def outliers(shop: Workshop) -> Path:
    """Every channel of the second layer has one huge weight, for a unit that is always 0."""
    copy = twin(shop)
    kernel, bias = copy.get_layer("first").get_weights()
    kernel[:, DEAD], bias[DEAD] = 0, -1
    copy.get_layer("first").set_weights([kernel, bias])
    kernel, bias = copy.get_layer("second").get_weights()
    kernel[DEAD] = 200
    copy.get_layer("second").set_weights([kernel, bias])
    return shop.publish("outliers", shop.rows.x_train, copy)


def noisy(shop: Workshop) -> Path:
    """One unit of the first layer is a thousand times as large as the others, and nothing listens to it."""
    copy = twin(shop)
    kernel, bias = copy.get_layer("first").get_weights()
    kernel[:, WIDE] *= 1000
    bias[WIDE] = 1000
    copy.get_layer("first").set_weights([kernel, bias])
    kernel, bias = copy.get_layer("second").get_weights()
    kernel[WIDE] = 0
    copy.get_layer("second").set_weights([kernel, bias])
    return shop.publish("noisy", shop.rows.x_train, copy)
