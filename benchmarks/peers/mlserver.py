"""MLServer: a custom runtime behind the V2 protocol, run in the server's own process, with batches."""

# Checked where its library is not installed: it runs in an environment of its own.
# mypy: disable-error-code="import-not-found, misc"

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse

from benchmarks.peers.batches import BATCH, WAIT_S
from benchmarks.peers.classifier import VARIABLE, Classifier

MODEL = "classifier"


class ClassifierRuntime(MLModel):
    async def load(self) -> bool:
        self._classifier = Classifier()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        labels, probabilities = self._classifier.predict(NumpyCodec.decode_input(payload.inputs[0]))
        outputs = [
            StringCodec.encode_output("predictions", [str(label) for label in labels]),
            NumpyCodec.encode_output("probabilities", np.array(probabilities, np.float32)),
        ]
        return InferenceResponse(model_name=self.name, outputs=outputs)


def main(description: str, port: str) -> None:
    folder = Path(description).parent
    settings = {
        "host": "127.0.0.1",
        "http_port": int(port),
        "grpc_port": _free_port(),
        "metrics_port": _free_port(),
        "parallel_workers": 0,
        "debug": False,
    }
    model = {
        "name": MODEL,
        "implementation": "benchmarks.peers.mlserver.ClassifierRuntime",
        "max_batch_size": BATCH,
        "max_batch_time": WAIT_S,
    }
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")
    program = str(Path(sys.executable).with_name("mlserver"))
    os.execve(program, [program, "start", str(folder)], os.environ | {VARIABLE: description})  # noqa: S606


def _free_port() -> int:
    """Return a port for what nobody will ask: gRPC and metrics cannot be switched off."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


if __name__ == "__main__":
    main(*sys.argv[1:])
