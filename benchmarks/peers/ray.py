"""Ray Serve: a deployment with one replica and batches, behind its HTTP proxy.

The proxy is its own, or HAProxy where `RAY_SERVE_ENABLE_HA_PROXY` says so.
"""

# Checked where its library is not installed: it runs in an environment of its own.
# mypy: disable-error-code="import-not-found, attr-defined, untyped-decorator"

from __future__ import annotations

import signal
import sys
from typing import Any

import ray
from ray import serve
from starlette.requests import Request

from benchmarks.peers.batches import BATCH, WAIT_S
from benchmarks.peers.classifier import Classifier


@serve.deployment(num_replicas=1, max_ongoing_requests=64, logging_config={"enable_access_log": False})
class ClassifierDeployment:
    def __init__(self, description: str) -> None:
        self._classifier = Classifier(description)

    @serve.batch(max_batch_size=BATCH, batch_wait_timeout_s=WAIT_S)
    async def answer(self, requests: list[Any]) -> list[dict[str, Any]]:
        return self._classifier.answers(requests)

    async def __call__(self, request: Request) -> Any:
        return await self.answer((await request.json())["instances"])


def main(description: str, port: str) -> None:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    options = {"host": "127.0.0.1", "port": int(port)}
    serve.start(http_options=options, logging_config={"enable_access_log": False})
    serve.run(ClassifierDeployment.bind(description), route_prefix="/predict")
    signal.sigwait({signal.SIGTERM})
    ray.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
