"""`inference.GRPCInferenceService`: the Open Inference Protocol, and what Triton adds to it."""

from __future__ import annotations

from typing import Any

from google.protobuf.json_format import ParseDict

from service.errors import UnknownTargetError
from service.pipeline.pipeline import Pipeline
from service.repository.inventory import Inventory
from service.rpc import predict
from service.rpc.edge import Call, Function
from service.rpc.messages import message

SERVICE = "inference.GRPCInferenceService"
PREDICTS = f"/{SERVICE}/ModelInfer"

_OURS = b"x-"


class Inference:
    """The methods of the service. A version that is not said, and is "", is the newest."""

    def __init__(self, pipeline: Pipeline, inventory: Inventory) -> None:
        self._pipeline = pipeline
        self._inventory = inventory

    def functions(self) -> dict[str, Function]:
        """Return what answers each method, by its name."""
        return {
            "ServerLive": self._server_live,
            "ServerReady": self._server_ready,
            "ServerMetadata": self._server_metadata,
            "ModelReady": self._model_ready,
            "ModelMetadata": self._model_metadata,
            "ModelConfig": self._model_config,
            "ModelStatistics": self._model_statistics,
            "ModelInfer": self._model_infer,
            "RepositoryIndex": self._index,
            "RepositoryModelLoad": self._load,
            "RepositoryModelUnload": self._unload,
        }

    async def _server_live(self, _: Any, __: Call) -> Any:
        return _answer("ServerLive", live=True)

    async def _server_ready(self, _: Any, __: Call) -> Any:
        return _answer("ServerReady", ready=self._inventory.why_not_ready is None)

    async def _server_metadata(self, _: Any, __: Call) -> Any:
        return _answer("ServerMetadata", **self._inventory.server())

    async def _model_ready(self, request: Any, _: Call) -> Any:
        """Say no of a model that there is not, and no more: clients raise what is said otherwise."""
        try:
            why_not = await self._inventory.why_unloaded(request.name, request.version or None)
        except UnknownTargetError:
            return _answer("ModelReady", ready=False)
        return _answer("ModelReady", ready=why_not is None)

    async def _model_metadata(self, request: Any, _: Call) -> Any:
        found = await self._inventory.metadata(request.name, request.version or None)
        return _answer("ModelMetadata", **found)

    async def _model_config(self, request: Any, _: Call) -> Any:
        found = await self._inventory.config(request.name, request.version or None)
        return _answer("ModelConfig", config=found)

    async def _model_statistics(self, request: Any, _: Call) -> Any:
        if not request.name:
            return _answer("ModelStatistics", **self._inventory.all_statistics())
        found = await self._inventory.statistics(request.name, request.version or None)
        return _answer("ModelStatistics", **found)

    async def _model_infer(self, request: Any, call: Call) -> Any:
        asked = predict.ask(request, call.left_s)
        call.is_noted = True
        log = call.scope() if self._pipeline.telemetry.logs else None
        said, answer = await self._pipeline.answer(predict, asked, request, size=call.size, request=log)
        for name, value in said:  # what stands in headers over HTTP
            if name.startswith(_OURS):
                key = name.removeprefix(_OURS).decode().replace("-", "_")
                answer.parameters[key].string_param = value.decode()
        return answer

    async def _index(self, request: Any, _: Call) -> Any:
        return _answer("RepositoryIndex", models=self._inventory.index(ready_only=request.ready))

    async def _load(self, request: Any, _: Call) -> Any:
        await self._inventory.load(request.model_name, has_parameters=len(request.parameters) > 0)
        return _answer("RepositoryModelLoad")

    async def _unload(self, request: Any, _: Call) -> Any:
        await self._inventory.unload(request.model_name)
        return _answer("RepositoryModelUnload")


def _answer(method: str, **fields: Any) -> Any:
    """Return the answer of a method, with its fields as they are in JSON."""
    return ParseDict(fields, message(f"inference.{method}Response")())
