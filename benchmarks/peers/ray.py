"""Ray Serve: a deployment with one replica behind its HTTP proxy."""

# Checked where its library is not installed: it runs in an environment of its own.
# mypy: disable-error-code="import-not-found, attr-defined"

from __future__ import annotations

import signal
import sys
from typing import Any

import ray
from ray import serve
from starlette.requests import Request

from benchmarks.peers.classifier import Classifier


@serve.deployment(num_replicas=1, max_ongoing_requests=64, logging_config={"enable_access_log": False})
class ClassifierDeployment:
    def __init__(self, description: str) -> None:
        self._classifier = Classifier(description)

    async def __call__(self, request: Request) -> dict[str, Any]:
        labels, probabilities = self._classifier.predict((await request.json())["instances"])
        return {"predictions": labels, "probabilities": probabilities}


def main(description: str, port: str) -> None:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    options = {"host": "127.0.0.1", "port": int(port)}
    serve.start(http_options=options, logging_config={"enable_access_log": False})
    serve.run(ClassifierDeployment.bind(description), route_prefix="/predict")
    signal.sigwait({signal.SIGTERM})
    ray.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
