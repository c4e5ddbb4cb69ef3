"""The `model.py` of Triton's Python backend: one instance, whatever is queued answered by one call."""

# Checked where its library is not installed: it runs in an environment of its own.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

from benchmarks.peers.classifier import Classifier


class TritonPythonModel:
    def initialize(self, args: dict[str, str]) -> None:
        self._classifier = Classifier()

    def execute(self, requests: list[Any]) -> list[Any]:
        batch = [pb_utils.get_input_tensor_by_name(request, "instances").as_numpy() for request in requests]
        labels, probabilities = self._classifier.predict(np.concatenate(batch))
        names = np.array([str(label) for label in labels], np.object_)[:, np.newaxis]
        scores = np.array(probabilities, np.float32)
        responses, start = [], 0
        for rows in batch:
            end = start + len(rows)
            tensors = [
                pb_utils.Tensor("predictions", names[start:end]),
                pb_utils.Tensor("probabilities", scores[start:end]),
            ]
            responses.append(pb_utils.InferenceResponse(output_tensors=tensors))
            start = end
        return responses
