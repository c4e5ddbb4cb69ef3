"""Writes what a bundle holds: the graphs, the held-out rows, the golden answers, and the manifest."""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Any

import numpy as np

from bundle.manifest import (
    REFERENCE,
    CalibrationSpec,
    CascadeSpec,
    FileSpec,
    GraphSpec,
    Manifest,
    NormalizerSpec,
    Provenance,
    VariantSpec,
)
from bundle.normalizer import FloatArray
from bundle.postponed import postponed
from bundle.runtimes import Runtime
from bundle.runtimes.base import as_probabilities
from bundle.store import describe
from evidence.paired import Truth
from training.data.prepare import Prepared
from training.errors import ConversionError
from training.evaluation.evaluate import Evaluation
from training.export.converter import REFERENCE_TOLERANCE
from training.export.example import typical
from training.export.mixed.recipe import Recipe
from training.precisions import SAVED_MODEL, Rung

VARIANTS_FOLDER = "variants"

_GOLDEN_ROWS = 8
_LIBRARIES = (
    "ai-edge-litert",
    "ai-edge-quantizer",
    "keras",
    "numpy",
    "scikit-learn",
    "tensorflow",
    "tensorflow-cpu",
)


def save_graph(model: Any, folder: Path) -> None:
    """Write the Keras `model` as the SavedModel that is a variant itself, and the source of the others.

    Raises OSError where it cannot be written.
    """
    import tensorflow as tf

    try:
        with postponed():
            model.export(str(folder / SAVED_MODEL), format="tf_saved_model", verbose=False)
    except tf.errors.OpError as error:  # what a full disk is to TensorFlow
        reason = error.message.rpartition("; ")[2].partition(" [Op:")[0]
        raise OSError(errno.EIO, reason, str(folder / SAVED_MODEL)) from error


def keras_probabilities(model: Any, rows: FloatArray, classes: int) -> FloatArray:
    """Return what the Keras `model` itself answers to normalised rows, (n, classes)."""
    with postponed():
        return as_probabilities(np.asarray(model(rows, training=False)), classes)


def open_exported(folder: Path, graphs: Mapping[str, GraphSpec], prepared: Prepared) -> dict[str, Runtime]:
    """Open the graphs in `folder`, by precision, with the runtimes that will serve them, one thread each.

    `graphs` says how the graph of each precision wants to be asked.
    """
    from bundle.runtimes.litert import LiteRTRuntime
    from bundle.runtimes.tensorflow import TensorFlowRuntime

    runtimes: dict[str, Runtime] = {}
    spec = prepared.input
    told: dict[str, Any] = {
        "normalizer": prepared.normalizer,
        "classes": len(prepared.labels),
        "tokens": spec.tokens,
        "shape": spec.graph_shape,
    }
    for name, graph in graphs.items():
        if name == SAVED_MODEL:
            runtimes[name] = TensorFlowRuntime(folder / name, graph=graph, **told)
        else:
            content = (folder / f"{name}.tflite").read_bytes()
            runtimes[name] = LiteRTRuntime(content, graph=graph, **told)
    return runtimes


def require_same(
    name: str, runtime: Runtime, rows: FloatArray, expected: FloatArray, source: str = "Keras"
) -> None:
    """Raise ConversionError where a full-precision variant answers raw `rows` otherwise than `source`."""
    worst = float(np.abs(runtime.predict(rows) - expected).max())
    if not worst <= REFERENCE_TOLERANCE:  # also where it is not a number
        raise ConversionError(
            f"variant {name} answers {worst:.2g} away from {source}; {REFERENCE_TOLERANCE} is allowed"
        )


def files_of(folder: Path, variant: str) -> list[Path]:
    """Return the files of a variant in `folder`; the first is the one that its runtime opens."""
    if variant != SAVED_MODEL:
        return [folder / f"{variant}.tflite"]
    graph = folder / SAVED_MODEL / "saved_model.pb"
    return [graph, *sorted(path for path in graph.parent.rglob("*") if path.is_file() and path != graph)]


@dataclass(frozen=True)
class BundleWriter:
    """Fills the folder of a bundle whose variants have been converted, opened and scored."""

    staging: Path
    prepared: Prepared
    provenance: Provenance
    rungs: Mapping[str, Rung]
    """What each variant is, by its name."""
    calibration: CalibrationSpec | None = None
    default_variant: str = REFERENCE
    reference: str = REFERENCE
    truth: Truth = "labels"
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Why each variant that is missing could not be made."""
    graphs: Mapping[str, GraphSpec] = field(default_factory=dict)
    """How the graph of a variant wants to be asked, by its name, where that is not as we make them."""
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    """How those were made whose operations differ in precision, by name."""
    cascade: CascadeSpec | None = None

    def write(self, runtimes: Mapping[str, Runtime], evaluations: Sequence[Evaluation]) -> Manifest:
        """Write test rows and golden answers, and return the manifest, its variants in the given order."""
        prepared = self.prepared
        test_set = self._save("test_set.npz", x=prepared.x_test, y=np.array(prepared.labels)[prepared.y_test])
        rows = prepared.x_test[:_GOLDEN_ROWS]
        answers = {name: runtime.predict(rows) for name, runtime in runtimes.items()}
        return Manifest(
            task="binary" if len(prepared.labels) == 2 else "multiclass",
            input=prepared.input,
            labels=prepared.labels,
            normalizer=NormalizerSpec.of(prepared.normalizer),
            calibration=self.calibration,
            reference=self.reference,
            truth=self.truth,
            default_variant=self.default_variant,
            variants=tuple(self._variant(one) for one in evaluations if one.cascade is None),
            cascade=self.cascade,
            left_out=dict(self.left_out),
            example=typical(prepared),
            test_set=test_set,
            golden=self._save("golden.npz", x=rows, **answers),
            vocabulary=self._vocabulary(),
            test_instances=self._test_instances(),
            training_rows=self._training_rows(),
            predictions=self._predictions(evaluations),
            provenance=self.provenance,
        )

    def _vocabulary(self) -> FileSpec | None:
        encoder = self.prepared.encoder
        if encoder is None or not self.prepared.input.tokens:
            return None
        return self._write("vocabulary.json", encoder.vocabulary.dump())

    def _test_instances(self) -> FileSpec | None:
        instances = self.prepared.test_instances
        if instances is None:
            return None
        return self._write("test_instances.json", json.dumps(list(instances), indent=0).encode())

    def _training_rows(self) -> FileSpec:
        path = self.staging / "training_rows.npy"
        np.save(path, self.prepared.seen)
        return describe(self.staging, path)

    def _predictions(self, evaluations: Sequence[Evaluation]) -> FileSpec | None:
        """Keep what was predicted for both parts; nothing where validation rows were not answered."""
        arrays = {"validation_labels": self.prepared.y_validation}
        for one in evaluations:
            if one.validation is None:
                return None
            arrays[f"validation/{one.variant}"] = one.validation.predicted
            arrays[f"test/{one.variant}"] = one.answers.predicted
        kind = np.min_scalar_type(len(self.prepared.labels) - 1)
        return self._save("predictions.npz", **{key: array.astype(kind) for key, array in arrays.items()})

    def _write(self, name: str, content: bytes) -> FileSpec:
        (self.staging / name).write_bytes(content)
        return describe(self.staging, self.staging / name)

    def _save(self, name: str, **arrays: Any) -> FileSpec:
        np.savez(self.staging / name, **arrays)
        return describe(self.staging, self.staging / name)

    def _variant(self, evaluation: Evaluation) -> VariantSpec:
        rung = self.rungs[evaluation.variant]
        recipe = self.recipes.get(rung.name)
        paths = files_of(self.staging / VARIANTS_FOLDER / rung.folder, rung.precision)
        return VariantSpec(
            name=rung.name,
            precision=rung.precision,
            width=rung.width,
            network=rung.network,
            recipe=None if recipe is None else recipe.model_dump(mode="json"),
            graph=self.graphs.get(rung.name, GraphSpec()),
            format="saved_model" if rung.precision == SAVED_MODEL else "tflite",
            files=tuple(describe(self.staging, path) for path in paths),
            scores=evaluation.scores,
        )


def library_versions() -> dict[str, str]:
    """Return the versions of what made the model, of those that are installed."""
    versions = {"python": python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
