"""What TensorFlow Serving says of a model: its signatures, as protobuf writes them in JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bundle.fields import BooleanField, NumberField
from bundle.manifest import InputSpec
from service.wire.tensorflow_serving.body import CLASSIFY, LABELLED, PREDICT, TEXT, VECTOR

_FLOAT, _STRING, _BOOL, _INT64 = "DT_FLOAT", "DT_STRING", "DT_BOOL", "DT_INT64"
_METHOD = "tensorflow/serving/"


def metadata(
    model: str, version: int, spec: InputSpec, labels: Sequence[int] | Sequence[str]
) -> dict[str, Any]:
    """Return the answer to `/metadata`; 64-bit numbers are strings there, and -1 is any."""
    probabilities = {"probabilities": _tensor("probabilities", _FLOAT, len(labels))}
    label = {"label": _tensor("label", _INT64 if isinstance(labels[0], int) else _STRING)}
    inputs = _inputs(spec)
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


def _inputs(spec: InputSpec) -> dict[str, Any]:
    if spec.fields is None:
        return {VECTOR: _tensor(VECTOR, _FLOAT, spec.features)}
    if spec.kind == "text":
        return {TEXT: _tensor(TEXT, _STRING, 1)}
    return {field.name: _tensor(field.name, _type(field), 1) for field in spec.fields}


def _type(field: object) -> str:
    if isinstance(field, NumberField):
        return _FLOAT
    return _BOOL if isinstance(field, BooleanField) else _STRING


def _tensor(name: str, kind: str, *sizes: int) -> dict[str, Any]:
    """Return a tensor of a row, or of each row so many values."""
    dimensions = [{"size": str(size), "name": ""} for size in (-1, *sizes)]
    return {
        "dtype": kind,
        "tensor_shape": {"dim": dimensions, "unknown_rank": False},
        "name": f"{name}:0",
    }
