"""The work that every peer does: normalise, invoke, and name the label. It is ours in numpy and LiteRT."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from benchmarks.peers.batches import BATCH

VARIABLE = "PEER_DESCRIPTION"
"""Names the JSON file that says what to serve, for those who are started by a program of their own."""


class Classifier:
    """A graph that takes normalised float32 rows. It is not thread-safe, as its interpreters are not."""

    def __init__(self, description: str | None = None) -> None:
        fields = json.loads(Path(description or os.environ[VARIABLE]).read_text(encoding="utf-8"))
        self._labels = fields["labels"]
        self._offset = np.array(fields["offset"], np.float32)
        self._scale = np.array(fields["scale"], np.float32)
        self._tflite = fields["tflite"]
        # To resize one costs more than a call: there is one for each number of rows, as ours has it.
        self._interpreters: dict[int, Any] = {}
        for size in range(1, BATCH + 1):
            self._prepare(size)

    def predict(self, rows: Any) -> tuple[list[Any], list[list[float]]]:
        """Map raw rows, shape (n, features), to a label and to the probabilities of each, in one call."""
        normalized = (np.asarray(rows, np.float32) - self._offset) * self._scale
        interpreter = self._interpreters.get(len(normalized)) or self._prepare(len(normalized))
        interpreter.set_tensor(self._source, normalized.reshape(len(normalized), *self._row))
        interpreter.invoke()
        output = interpreter.get_tensor(self._sink)
        if output.shape[1] == 1:
            output = np.hstack([np.float32(1) - output, output])
        labels = [self._labels[index] for index in output.argmax(axis=1).tolist()]
        return labels, output.tolist()

    def answers(self, requests: Sequence[Sequence[Sequence[float]]]) -> list[dict[str, Any]]:
        """Answer requests, of some rows each, by one call for all of them."""
        labels, probabilities = self.predict([row for rows in requests for row in rows])
        answers, start = [], 0
        for rows in requests:
            end = start + len(rows)
            answers.append({"predictions": labels[start:end], "probabilities": probabilities[start:end]})
            start = end
        return answers

    def _prepare(self, size: int) -> Any:
        interpreter = Interpreter(model_path=self._tflite, num_threads=1)
        source = interpreter.get_input_details()[0]
        self._row = source["shape"][1:]  # of an image, more than the features in a line
        interpreter.resize_tensor_input(source["index"], [size, *self._row])
        interpreter.allocate_tensors()
        self._source, self._sink = source["index"], interpreter.get_output_details()[0]["index"]
        self._interpreters[size] = interpreter
        return interpreter
