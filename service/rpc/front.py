"""All that answers over gRPC, put together."""

from __future__ import annotations

import asyncio

from service.pipeline.pipeline import Pipeline
from service.repository.inventory import Inventory
from service.rpc import health, inference, predict, reflection
from service.rpc.edge import Edge
from service.rpc.health import Health
from service.rpc.inference import Inference
from service.rpc.reflection import Reflection
from service.rpc.server import Limits, Place, Server

_SERVICES = inference.SERVICE, health.SERVICE, reflection.SERVICE


def front(pipeline: Pipeline, inventory: Inventory, limits: Limits, place: Place, *, stop_s: float) -> Server:
    """Return a server that tells of `inventory`, and predicts through `pipeline`."""
    ending = asyncio.Event()
    edge = Edge(predict.status, pipeline.telemetry, {inference.PREDICTS})
    reflect = {"ServerReflectionInfo": Reflection(_SERVICES, ending).info}
    doctor = Health(lambda: inventory.why_not_ready, _SERVICES, ending)
    handlers = (
        edge.handler(inference.SERVICE, Inference(pipeline, inventory).functions()),
        edge.handler(health.SERVICE, {"Check": doctor.check, "Watch": doctor.watch}),
        edge.handler(reflection.SERVICE, reflect),
        edge.handler(reflection.FORMER_SERVICE, reflect, described_as=reflection.SERVICE),
    )
    return Server(handlers, limits, place, ending=ending, stop_s=stop_s)
