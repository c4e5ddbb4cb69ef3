"""BentoML: a service class with one API that takes batches, one worker of it."""

# Checked where its library is not installed: it runs in an environment of its own.
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import bentoml

from benchmarks.peers.batches import BATCH
from benchmarks.peers.classifier import VARIABLE, Classifier


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class ClassifierService:
    def __init__(self) -> None:
        self._classifier = Classifier()

    # A batch is a request with more rows: what is returned is cut by rows too, and so is a list of them.
    @bentoml.api(batchable=True, max_batch_size=BATCH)
    def predict(self, instances: list[list[float]]) -> list[dict[str, Any]]:
        labels, probabilities = self._classifier.predict(instances)
        return [
            {"prediction": label, "probabilities": row}
            for label, row in zip(labels, probabilities, strict=True)
        ]


def main(description: str, port: str) -> None:
    program = str(Path(sys.executable).with_name("bentoml"))
    target = "benchmarks.peers.bentoml:ClassifierService"
    command = [program, "serve", target, "--host", "127.0.0.1", "--port", port]
    os.execve(program, command, os.environ | {VARIABLE: description})  # noqa: S606


if __name__ == "__main__":
    main(*sys.argv[1:])
