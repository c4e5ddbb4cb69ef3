"""What is said of a model's signatures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bundle.bundle import Bundle
from bundle.store import ModelStore
from service.wire.tensorflow_serving.metadata import metadata


def tensors(bundle: Bundle, name: str, kind: str) -> dict[str, tuple[str, list[str]]]:
    """Return the inputs or outputs of a signature: the type and the sizes of each."""
    manifest = bundle.manifest
    answer = metadata(bundle.name, bundle.version, manifest.input, manifest.labels)
    found: dict[str, Any] = answer["metadata"]["signature_def"]["signature_def"][name][kind]
    return {
        name: (of["dtype"], [dimension["size"] for dimension in of["tensor_shape"]["dim"]])
        for name, of in found.items()
    }


def test_the_signatures_of_a_model_of_rows(digits: Bundle) -> None:
    assert tensors(digits, "serving_default", "inputs") == {"x": ("DT_FLOAT", ["-1", "64"])}
    assert tensors(digits, "serving_default", "outputs") == {"probabilities": ("DT_FLOAT", ["-1", "10"])}
    labelled = {"label": ("DT_INT64", ["-1"]), "probabilities": ("DT_FLOAT", ["-1", "10"])}
    assert tensors(digits, "labelled", "outputs") == labelled
    assert tensors(digits, "classify", "outputs")["classes"] == ("DT_STRING", ["-1", "10"])


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("codes", {"text": "DT_STRING"}),
        ("loans", {"age": "DT_FLOAT", "income": "DT_FLOAT", "job": "DT_STRING", "note": "DT_STRING"}),
    ],
)
def test_the_inputs_of_texts_and_tables(field_models: Path, name: str, inputs: dict[str, str]) -> None:
    bundle = ModelStore(field_models).open(name)
    expected = {name: (kind, ["-1", "1"]) for name, kind in inputs.items()}
    assert tensors(bundle, "serving_default", "inputs") == expected
    assert tensors(bundle, "labelled", "outputs")["label"] == ("DT_STRING", ["-1"])
