"""The `model.py` of the Triton that is compared with ours: the same graph, input and outputs."""

# Checked where its library is not installed: it runs in an environment of its own.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

from benchmarks.peers.classifier import Classifier


class TritonPythonModel:
    def initialize(self, _: dict[str, str]) -> None:
        self._classifier = Classifier()

    def execute(self, requests: list[Any]) -> list[Any]:
        return [self._answer(request) for request in requests]

    def _answer(self, request: Any) -> Any:
        rows = pb_utils.get_input_tensor_by_name(request, "x").as_numpy()
        labels, probabilities = self._classifier.predict(rows)
        column = np.array(labels)[:, np.newaxis]
        tensors = [
            pb_utils.Tensor("label", column.astype(np.int64 if column.dtype.kind == "i" else np.object_)),
            pb_utils.Tensor("probabilities", np.array(probabilities, np.float32)),
        ]
        return pb_utils.InferenceResponse(output_tensors=tensors)
