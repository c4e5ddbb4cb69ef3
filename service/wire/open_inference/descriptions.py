"""What the service says of itself, its models and their past in the words of the Open Inference Protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bundle.manifest import Manifest
from service.wire.tensors.inputs import input_specs
from service.wire.tensors.outputs import output_specs
from service.wire.tensors.tensor import BYTES, TensorSpec

Document = dict[str, Any]

EXTENSIONS = ["binary_tensor_data", "classification", "model_configuration", "model_repository", "statistics"]
_PLATFORMS = {"tflite": "litert", "saved_model": "tensorflow_savedmodel"}
_OF_SEVERAL = "ensemble"  # as Triton calls it


@dataclass(frozen=True)
class Durations:
    """How many requests something happened to, and how long that took in all."""

    count: int
    seconds: float = 0.0

    @property
    def document(self) -> Document:
        return {"count": self.count, "ns": round(self.seconds * 1e9)}


def server(version: str) -> Document:
    """Describe the service."""
    return {"name": "precision-ladder", "version": version, "extensions": EXTENSIONS}


def metadata(name: str, manifest: Manifest, variant: str, versions: Sequence[int]) -> Document:
    """Describe what a variant takes and gives, under the name that was asked for."""
    return {
        "name": name,
        "versions": [str(number) for number in versions],
        "platform": platform(manifest, variant),
        "inputs": [_tensor(spec) for spec in input_specs(manifest.input)],
        "outputs": [_tensor(spec) for spec in output_specs(manifest.labels)],
    }


def platform(manifest: Manifest, variant: str) -> str:
    """Return the kind of the files of a variant, or that several answer by that name."""
    of_one = manifest.variant(variant)
    return _OF_SEVERAL if of_one is None else _PLATFORMS[of_one.format]


def _tensor(spec: TensorSpec) -> Document:
    return {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}


def config(name: str, manifest: Manifest, variant: str, *, max_rows: int) -> Document:
    """Describe a variant as the configuration of a model is: with no number of rows in its shapes."""
    kind = platform(manifest, variant)
    return {
        "name": name,
        "platform": kind,
        "backend": kind,
        "version_policy": {"latest": {"num_versions": 1}},
        "max_batch_size": max_rows,
        "input": [_configured(spec) | {"optional": spec.is_optional} for spec in input_specs(manifest.input)],
        "output": [_configured(spec) for spec in output_specs(manifest.labels)],
        "dynamic_batching": {},
    }


def _configured(spec: TensorSpec) -> Document:
    datatype = "STRING" if spec.datatype == BYTES else spec.datatype
    return {"name": spec.name, "data_type": f"TYPE_{datatype}", "dims": list(spec.shape[1:])}


def statistics(
    name: str, version: int, *, rows: int, calls: int, durations: Mapping[str, Durations]
) -> Document:
    """Tell what a variant has done; `durations` has those of a request, and of each of its parts, by name."""
    nothing = Durations(0)
    kinds = ("success", "fail", "queue", "compute_input", "compute_infer", "compute_output")
    return {
        "name": name,
        "version": str(version),
        "inference_count": rows,
        "execution_count": calls,
        "inference_stats": {kind: durations.get(kind, nothing).document for kind in kinds},
        "batch_stats": [],
    }
