"""`inference.GRPCInferenceService`: the Open Inference Protocol, and what Triton adds to it."""

from __future__ import annotations

from typing import Any

from service.pipeline.pipeline import Pipeline
from service.repository.registry import Registry
from service.rpc import predict
from service.rpc.edge import Call, Function
from service.rpc.messages import message

SERVICE = "inference.GRPCInferenceService"
PREDICTS = f"/{SERVICE}/ModelInfer"

_Live = message("inference.ServerLiveResponse")
_Ready = message("inference.ServerReadyResponse")


class Inference:
    """The methods of the service."""

    def __init__(self, pipeline: Pipeline, registry: Registry) -> None:
        self._pipeline = pipeline
        self._registry = registry

    def functions(self) -> dict[str, Function]:
        """Return what answers each method, by its name."""
        return {
            "ServerLive": self._live,
            "ServerReady": self._ready,
            "ModelInfer": self._infer,
        }

    async def _live(self, _: Any, __: Call) -> Any:
        return _Live(live=True)

    async def _ready(self, _: Any, __: Call) -> Any:
        return _Ready(ready=self._registry.why_not_ready is None)

    async def _infer(self, request: Any, call: Call) -> Any:
        asked = predict.ask(request, call.left_s)
        call.is_noted = True
        log = call.scope() if self._pipeline.telemetry.logs else None
        _, answer = await self._pipeline.answer(predict, asked, request, size=call.size, request=log)
        return answer
