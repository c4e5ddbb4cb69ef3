"""LitServe: an API class with its steps and batches, on one worker of the CPU."""

# Checked where its library is not installed: it runs in an environment of its own.
# mypy: disable-error-code="import-not-found, misc, no-untyped-def"

import sys
from typing import Any

import litserve

from benchmarks.peers.batches import BATCH, WAIT_S
from benchmarks.peers.classifier import Classifier


class ClassifierAPI(litserve.LitAPI):
    def __init__(self, description: str) -> None:
        super().__init__(max_batch_size=BATCH, batch_timeout=WAIT_S)
        self._description = description

    def setup(self, device: str) -> None:
        self._classifier = Classifier(self._description)

    # Not annotated, as in its documentation: it takes annotations for FastAPI's.
    def decode_request(self, request):  # noqa: ANN001, ANN201
        return request["instances"]

    def batch(self, inputs: list[Any]) -> list[Any]:
        return inputs

    def predict(self, x: list[Any]) -> list[Any]:
        return self._classifier.answers(x)

    def unbatch(self, output: list[Any]) -> list[Any]:
        return output

    def encode_response(self, output):  # noqa: ANN001, ANN201
        return output


def main(description: str, port: str) -> None:
    server = litserve.LitServer(
        ClassifierAPI(description), accelerator="cpu", workers_per_device=1, fast_queue=True
    )
    server.run(
        host="127.0.0.1", port=int(port), num_api_servers=1, generate_client_file=False, log_level="warning"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
