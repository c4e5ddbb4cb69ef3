"""All that answers over gRPC, put together."""

from __future__ import annotations

import asyncio

from service.observe.access_log import AccessLog
from service.observe.metrics import Metrics
from service.repository.registry import Registry
from service.rpc import health, inference, reflection
from service.rpc.edge import Call, Edge
from service.rpc.health import Health
from service.rpc.inference import Inference
from service.rpc.reflection import Reflection
from service.rpc.server import Limits, Place, Server
from service.wire import native

_SERVICES = inference.SERVICE, health.SERVICE, reflection.SERVICE


def front(
    registry: Registry,
    *,
    metrics: Metrics,
    access_log: AccessLog | None,
    limits: Limits,
    place: Place,
    stop_s: float,
) -> Server:
    """Return a server that answers from `registry`."""

    def note(call: Call, outcome: str) -> None:
        if call.path == inference.PREDICTS:
            call.course.count(metrics, outcome)
        if access_log is not None:
            call.course.log(access_log, call.scope(), outcome)

    ending = asyncio.Event()
    edge = Edge(native.status, note)
    reflect = {"ServerReflectionInfo": Reflection(_SERVICES, ending).info}
    doctor = Health(lambda: registry.why_not_ready, _SERVICES, ending)
    handlers = (
        edge.handler(inference.SERVICE, Inference(registry).functions()),
        edge.handler(health.SERVICE, {"Check": doctor.check, "Watch": doctor.watch}),
        edge.handler(reflection.SERVICE, reflect),
        edge.handler(reflection.FORMER_SERVICE, reflect, described_as=reflection.SERVICE),
    )
    return Server(handlers, limits, place, ending=ending, stop_s=stop_s)
