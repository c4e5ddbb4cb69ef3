"""The work that every peer does: normalise, invoke, and name the label. It is ours in numpy and LiteRT."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

VARIABLE = "PEER_DESCRIPTION"
"""Names the JSON file that says what to serve, for those who are started by a program of their own."""


class Classifier:
    """A graph that takes normalised float32 rows. It is not thread-safe, as its interpreter is not."""

    def __init__(self, description: str | None = None) -> None:
        fields = json.loads(Path(description or os.environ[VARIABLE]).read_text(encoding="utf-8"))
        self._labels = fields["labels"]
        self._offset = np.array(fields["offset"], np.float32)
        self._scale = np.array(fields["scale"], np.float32)
        self._interpreter = Interpreter(model_path=fields["tflite"], num_threads=1)
        self._interpreter.allocate_tensors()
        self._source = self._interpreter.get_input_details()[0]["index"]
        self._sink = self._interpreter.get_output_details()[0]["index"]

    def predict(self, rows: Any) -> tuple[list[Any], list[list[float]]]:
        """Map raw rows, shape (n, features), to a label and to the probabilities of each."""
        normalized = (np.asarray(rows, np.float32) - self._offset) * self._scale
        labels, probabilities = [], []
        for row in normalized:
            self._interpreter.set_tensor(self._source, row[np.newaxis])
            self._interpreter.invoke()
            output = self._interpreter.get_tensor(self._sink)[0].tolist()
            if len(output) == 1:
                output = [float(np.float32(1) - np.float32(output[0])), output[0]]
            probabilities.append(output)
            labels.append(self._labels[output.index(max(output))])
        return labels, probabilities
