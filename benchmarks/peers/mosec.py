"""mosec: a front in Rust that gathers requests into batches, and one Python worker that answers them."""

# Checked where its library is not installed: it runs in an environment of its own.
# mypy: disable-error-code="import-not-found, misc"

from __future__ import annotations

import os
import sys
from typing import Any

import msgspec
from mosec import Server, Worker

from benchmarks.peers.batches import BATCH, WAIT_S
from benchmarks.peers.classifier import VARIABLE, Classifier


class ClassifierWorker(Worker):
    def __init__(self) -> None:
        super().__init__()
        self._classifier = Classifier()

    # Its own codec is the json of the standard library, with indents: `msgspec`, which it names, is faster.
    def deserialize(self, data: bytes) -> Any:
        return msgspec.json.decode(data)["instances"]

    def serialize(self, data: Any) -> bytes:
        return msgspec.json.encode(data)

    def forward(self, data: list[Any]) -> list[dict[str, Any]]:
        return self._classifier.answers(data)


def main(description: str, port: str) -> None:
    # It reads options from the command line; the worker, a process of its own, the description from here.
    os.environ[VARIABLE] = description
    sys.argv[1:] = ["--address", "127.0.0.1", "--port", port, "--log-level", "warning"]
    server = Server()
    server.append_worker(
        ClassifierWorker, num=1, max_batch_size=BATCH, max_wait_time=round(1e3 * WAIT_S), route="/predict"
    )
    server.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
