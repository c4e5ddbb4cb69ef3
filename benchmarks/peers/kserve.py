"""KServe's Python model server: a custom Model, V2 protocol, run in the server's own process."""

# Checked where its library is not installed: it runs in an environment of its own.
# mypy: disable-error-code="import-not-found, misc"

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer

from benchmarks.peers.classifier import Classifier

MODEL = "classifier"


class ClassifierModel(Model):
    def __init__(self, description: str) -> None:
        super().__init__(MODEL)
        fields = json.loads(Path(description).read_text(encoding="utf-8"))
        self._features, self._classes = fields["features"], len(fields["labels"])
        self._classifier = Classifier(description)
        self.ready = True

    def get_input_types(self) -> list[dict[str, Any]]:
        return [{"name": "instances", "datatype": "FP32", "shape": [-1, self._features]}]

    def get_output_types(self) -> list[dict[str, Any]]:
        return [
            {"name": "predictions", "datatype": "BYTES", "shape": [-1, 1]},
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, self._classes]},
        ]

    async def predict(self, payload: InferRequest, *_: Any, **__: Any) -> InferResponse:
        labels, probabilities = self._classifier.predict(payload.inputs[0].as_numpy())
        flat = [value for row in probabilities for value in row]
        outputs = [
            InferOutput("predictions", [len(labels), 1], "BYTES", [str(label) for label in labels]),
            InferOutput("probabilities", [len(labels), self._classes], "FP32", flat),
        ]
        return InferResponse(payload.id or "", self.name, outputs)  # it must be a text


def main(description: str, port: str) -> None:
    server = ModelServer(http_port=int(port), workers=1, enable_grpc=False, enable_latency_logging=False)
    for name in ("kserve.trace", "uvicorn.access"):  # three lines a request, which no other peer writes
        logging.getLogger(name).setLevel(logging.WARNING)
    server.start([ClassifierModel(description)])


if __name__ == "__main__":
    main(*sys.argv[1:])
