"""What TensorFlow Serving says of a model: its signatures, as protobuf writes them in JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bundle.manifest import InputSpec
from service.wire.tensorflow_serving.body import CLASSIFY, LABELLED, PREDICT
from service.wire.tensors.inputs import input_specs
from service.wire.tensors.tensor import BOOL, BYTES

_FLOAT, _STRING, _INT64 = "DT_FLOAT", "DT_STRING", "DT_INT64"
_TYPES = {"FP32": _FLOAT, BYTES: _STRING, BOOL: "DT_BOOL"}
_METHOD = "tensorflow/serving/"


def metadata(
    model: str, version: int, spec: InputSpec, labels: Sequence[int] | Sequence[str]
) -> dict[str, Any]:
    """Return the answer to `/metadata`; 64-bit numbers are strings there, and -1 is any."""
    probabilities = {"probabilities": _tensor("probabilities", _FLOAT, len(labels))}
    label = {"label": _tensor("label", _INT64 if isinstance(labels[0], int) else _STRING)}
    inputs = {of.name: _tensor(of.name, _TYPES[of.datatype], *of.shape[1:]) for of in input_specs(spec)}
    signatures = {
        PREDICT: (inputs, probabilities, "predict"),
        LABELLED: (inputs, label | probabilities, "predict"),
        CLASSIFY: (
            {"inputs": _tensor("inputs", _STRING)},
            {
                "classes": _tensor("classes", _STRING, len(labels)),
                "scores": _tensor("scores", _FLOAT, len(labels)),
            },
            "classify",
        ),
    }
    named = {
        name: {"inputs": given, "outputs": answered, "method_name": _METHOD + method}
        for name, (given, answered, method) in signatures.items()
    }
    return {
        "model_spec": {"name": model, "signature_name": "", "version": str(version)},
        "metadata": {"signature_def": {"signature_def": named}},
    }


def _tensor(name: str, kind: str, *sizes: int) -> dict[str, Any]:
    """Return a tensor of a row, or of each row so many values."""
    dimensions = [{"size": str(size), "name": ""} for size in (-1, *sizes)]
    return {
        "dtype": kind,
        "tensor_shape": {"dim": dimensions, "unknown_rank": False},
        "name": f"{name}:0",
    }
