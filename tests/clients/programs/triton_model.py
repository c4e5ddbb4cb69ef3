"""The `model.py` of the Triton that is compared with ours: the same graph, input and outputs."""

# Checked where its library is not installed: it runs in an environment of its own.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils
from ai_edge_litert.interpreter import Interpreter

from benchmarks.peers.classifier import VARIABLE


class TritonPythonModel:
    def initialize(self, _: dict[str, str]) -> None:
        fields = json.loads(Path(os.environ[VARIABLE]).read_text(encoding="utf-8"))
        self._labels = np.array(fields["labels"])
        self._offset = np.array(fields["offset"], np.float32)
        self._scale = np.array(fields["scale"], np.float32)
        self._graph = Interpreter(model_path=fields["tflite"], num_threads=1)
        self._graph.allocate_tensors()

    def execute(self, requests: list[Any]) -> list[Any]:
        return [self._answer(request) for request in requests]

    def _answer(self, request: Any) -> Any:
        rows = pb_utils.get_input_tensor_by_name(request, "x").as_numpy()
        probabilities = np.stack([self._probabilities(row) for row in (rows - self._offset) * self._scale])
        labels = self._labels[probabilities.argmax(axis=1)]
        column = labels.astype(np.int64 if labels.dtype.kind == "i" else np.object_)[:, np.newaxis]
        tensors = [pb_utils.Tensor("label", column), pb_utils.Tensor("probabilities", probabilities)]
        return pb_utils.InferenceResponse(output_tensors=tensors)

    def _probabilities(self, row: Any) -> Any:
        """Map a normalised row, shape (features,), to the probabilities of all classes."""
        self._graph.set_tensor(self._graph.get_input_details()[0]["index"], row[np.newaxis])
        self._graph.invoke()
        return self._graph.get_tensor(self._graph.get_output_details()[0]["index"])[0]
