"""Wires the parts together; this is where the settings stop."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from bundle.store import ModelStore
from service.console.router import console_router
from service.engine.choice import MakeChooser
from service.engine.ladder.ladder import Ladder
from service.engine.lanes import Lanes, lanes_for
from service.engine.policy import Policy
from service.http.backoff import Backoff
from service.http.bodies import Bodies
from service.http.drain import Connection, drained_on_sigterm
from service.http.host import Bounds
from service.http.shortcut import Shortcut
from service.live.live import Live
from service.observe.access_log import AccessLog, noted
from service.observe.metrics import Metrics
from service.observe.workers import SHARED_VARIABLE, Workers
from service.pipeline.pipeline import Pipeline
from service.pipeline.telemetry import Telemetry
from service.repository.inventory import Inventory
from service.repository.policy.policies import Policies
from service.repository.proof.auditor import Auditor
from service.repository.proof.findings import FINDINGS_VARIABLE
from service.repository.proof.prover import Prover
from service.repository.registry import Registry
from service.repository.servable import load
from service.routes.catalog import catalog_router
from service.routes.feedback import feedback_router
from service.routes.health import health_router
from service.routes.open_inference import open_inference_router
from service.routes.place import place
from service.routes.predict import PredictEndpoint, PredictionRoute
from service.routes.refusals import add_refusals, refusal
from service.routes.schemas.openapi import openapi
from service.routes.select import select_router
from service.routes.tensorflow_serving import ServingRoute
from service.settings import Settings, shadow_of
from service.wire.protocols import asked_for_predictions

if TYPE_CHECKING:
    from service.rpc.server import Server as RpcServer

logger = logging.getLogger("service")

_LOOK_S = 0.05  # between two looks whether another worker is ready
_CANCEL_S = 1.0  # for tasks to end that were told to
_LAST_LINES_S = 1.0  # for the access log to be written


class Application(FastAPI):
    """FastAPI, asked last: a prediction pays for no router, and for no middleware that is not there."""

    pipeline: Pipeline
    inventory: Inventory
    predict: PredictEndpoint
    telemetry: Telemetry
    own_shortcut: Shortcut
    backoff: Backoff
    bounds: Bounds
    is_draining = False
    connections: Collection[Connection] = ()

    @property
    def shortcut(self) -> Shortcut | None:
        """The way to the pipeline without the rest; None where a middleware must see each request."""
        return None if self._has_middleware else self.own_shortcut

    @property
    def _has_middleware(self) -> bool:
        """Whether any was added, or is put around the others where they are built, as by OpenTelemetry."""
        return bool(self.user_middleware) or "build_middleware_stack" in vars(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        protocol = asked_for_predictions(place(scope)) if scope["method"] == "POST" else None
        if protocol is None:
            await noted(super().__call__, self.telemetry.log, scope, receive, send)
        elif self._has_middleware:
            await noted(super().__call__, self.note, scope, receive, send)
        else:
            try:
                await self.predict(scope, receive, send)
            except Exception as error:
                await refusal(place(scope), error)(scope, receive, send)
                raise  # to the server, which logs it

    def drain(self) -> None:
        """Make each answer the last on its connection, those to requests that are here as well."""
        self.is_draining = True
        for connection in tuple(self.connections):
            connection.end_soon()

    def note(self, request: Scope, outcome: str, took_s: float = 0.0) -> None:
        """Count and log a request that `predict` has not seen: refused before it, or never whole."""
        self.telemetry.note(request, outcome, took_s)


def create_app(settings: Settings | None = None, choose_among: MakeChooser = Ladder) -> FastAPI:
    """Build the service; without `settings`, they come from the environment.

    `choose_among` makes what chooses a variant where a request leaves that to the service.
    """
    settings = settings or Settings()
    access_log = AccessLog() if settings.access_log else None
    workers = Workers(Path(os.environ[SHARED_VARIABLE])) if SHARED_VARIABLE in os.environ else None
    metrics = Metrics(
        lambda: lanes.admission.rows,
        dropped_lines=lambda: access_log.dropped if access_log else 0,
        workers=workers,
        processes=settings.workers,
    )
    lanes = Lanes(
        lanes_for(settings.threads, workers=settings.workers),
        inline_us=settings.inline_us,
        waiting_rows=settings.max_waiting_rows,
        waiting_us=settings.max_wait_ms * 1e3,
    )
    findings = Path(shared) if (shared := os.environ.get(FINDINGS_VARIABLE)) else None
    registry = Registry(
        ModelStore(settings.models),
        partial(load, lanes=lanes, metrics=metrics),
        metrics,
        default_model=settings.default_model,
        preload=settings.preload,
        old_versions=settings.old_versions,
        prover=Prover(findings),
    )
    of_all = Policy(default_variant=settings.default_variant, min_accuracy=settings.auto_floor)
    registry.policies = Policies(of_all, choose_among)
    app = Application(
        title="Precision Ladder",
        version=_version(),
        redirect_slashes=False,
        description="Serves every precision of a classifier. `GET /variants` tells which there are.",
        lifespan=partial(
            _life,
            registry=registry,
            metrics=metrics,
            lanes=lanes,
            workers=workers,
            auditor=Auditor(findings) if settings.audit else None,
            settings=settings,
        ),
    )
    live = Live(
        registry, metrics, feedback_rows=settings.feedback_rows, shared=workers, workers=settings.workers
    )
    shadow = shadow_of(settings.shadow) if settings.shadow else None
    app.telemetry = Telemetry(
        metrics,
        access_log,
        server_timing=settings.server_timing,
        answers=live.answers,
        shadow=live.shadow(*shadow, lambda: lanes.admission.rows) if shadow else None,
    )
    app.backoff = Backoff()
    app.bounds = Bounds.of(settings)
    bodies = Bodies(max(settings.max_bodies_bytes, settings.max_body_bytes))
    app.pipeline = pipeline = Pipeline(
        registry, app.telemetry, max_rows=settings.max_rows, max_body_bytes=settings.max_body_bytes
    )
    app.own_shortcut = Shortcut(pipeline, bodies)
    app.predict = PredictEndpoint(pipeline, bodies, app.backoff, body_timeout_s=settings.body_timeout_s)
    app.router.routes.append(PredictionRoute(app.predict))
    app.router.routes.append(ServingRoute(registry))
    app.include_router(catalog_router(registry, live))
    app.include_router(
        select_router(registry, max_rows=settings.max_rows, body_timeout_s=settings.body_timeout_s)
    )
    app.include_router(feedback_router(live.feedback, body_timeout_s=settings.body_timeout_s))
    app.include_router(health_router(registry, metrics))
    app.inventory = Inventory(
        registry,
        metrics,
        version=app.version,
        max_rows=settings.max_rows,
        is_alone=settings.workers == 1,
    )
    app.include_router(open_inference_router(app.inventory, body_timeout_s=settings.body_timeout_s))
    if settings.console:
        app.include_router(console_router(registry, metrics, live))
    app.openapi = lambda: openapi(app, registry)  # type: ignore[method-assign] # FastAPI's documented way
    add_refusals(app)
    return app


@asynccontextmanager
async def _life(
    app: Application,
    *,
    registry: Registry,
    metrics: Metrics,
    lanes: Lanes,
    workers: Workers | None,
    auditor: Auditor | None,
    settings: Settings,
) -> AsyncIterator[None]:
    """Load the models, and look after them and the metrics for as long as the application runs.

    While it loads, a worker answers /health/live, and /health/ready says what is missing.
    """
    loading = asyncio.create_task(registry.start())
    tasks = [loading, asyncio.create_task(registry.watch(settings.reload_s))]
    rpc = _rpc(app, settings)

    def drain() -> None:
        app.drain()
        registry.drain()
        if rpc is not None:
            asyncio.get_running_loop().call_later(settings.drain_s, rpc.begin_to_stop)

    with drained_on_sigterm(drain, drain_s=settings.drain_s, stop_s=settings.stop_s):
        tasks.append(asyncio.create_task(_announce_ready(registry, loading, metrics, workers)))
        if auditor is not None:
            tasks.append(asyncio.create_task(_audit(auditor, registry, loading)))
        if workers is not None:
            tasks.append(asyncio.create_task(metrics.hand_on_for_ever()))
            await _give_way(app, loading, workers)
        if rpc is not None:
            await rpc.start()
        yield
    if rpc is not None:
        await rpc.stop()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=_CANCEL_S)
    lanes.close()
    app.telemetry.close(_LAST_LINES_S)


def _rpc(app: Application, settings: Settings) -> RpcServer | None:
    """Return what answers gRPC, where that was asked for."""
    if settings.grpc_port is None:
        return None
    from service.rpc.front import front  # which an extra brings the parts of
    from service.rpc.server import Limits, Place

    if app.shortcut is None:
        logger.warning("what was added to the application as middleware sees no request that comes by gRPC")
    return front(
        app.pipeline,
        app.inventory,
        Limits(
            message_bytes=settings.max_body_bytes,
            head_bytes=settings.max_head_bytes,
            handshake_s=settings.head_timeout_s,
            idle_s=settings.idle_timeout_s,
            calls=settings.max_connections,
        ),
        Place(settings.host, settings.grpc_port, is_shared=settings.workers > 1),
        stop_s=settings.stop_s,
    )


async def _give_way(app: Application, loading: asyncio.Task[None], workers: Workers) -> None:
    """Leave all requests to another worker that is ready, until this one is: they share a socket.

    Where there is no other, as at the start, this one answers what it can.
    """
    while not (loading.done() or app.is_draining) and workers.is_another_ready():
        await asyncio.wait({loading}, timeout=_LOOK_S)


async def _announce_ready(
    registry: Registry, loading: asyncio.Task[None], metrics: Metrics, workers: Workers | None
) -> None:
    await loading
    while registry.why_not_ready is not None:  # noqa: ASYNC110 - a model may come later, and it is polled for
        await asyncio.sleep(_LOOK_S)
    metrics.announce_ready()
    if workers is not None:
        workers.announce_ready()


async def _audit(auditor: Auditor, registry: Registry, loading: asyncio.Task[None]) -> None:
    """Look into what answers, once all answers that is to."""
    await asyncio.wait({loading})
    await auditor.watch(registry.models)


def _version() -> str:
    try:
        return version("precision-ladder")
    except PackageNotFoundError:
        return "0"
