"""The Open Inference Protocol over gRPC for the fake service, with grpcio and protobuf's own library."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from tests.loadtests import fake_protocols

if TYPE_CHECKING:
    from tests.loadtests.fake_service import FakeService

_TEXT, _INT64, _BYTES, _BOOL, _MESSAGE = 9, 3, 12, 8, 11  # types of fields
# By message: its fields by number, each with its type, or the message that it is; a star for a list.
_TENSOR = {1: ("name", _TEXT), 2: ("datatype", _TEXT), 3: ("*shape", _INT64)}
_MESSAGES: dict[str, dict[int, tuple[str, Any]]] = {
    "Named": {1: ("name", _TEXT), 2: ("version", _TEXT)},
    "Ready": {1: ("ready", _BOOL)},
    "Tensor": _TENSOR,
    "Metadata": {1: ("name", _TEXT), 4: ("*inputs", "Tensor")},
    "Request": {1: ("model_name", _TEXT), 3: ("id", _TEXT), 5: ("*inputs", "Tensor"), 7: ("*raw", _BYTES)},
    "Response": {1: ("model_name", _TEXT), 3: ("id", _TEXT), 5: ("*outputs", "Tensor"), 6: ("*raw", _BYTES)},
}
_CODES = {404: grpc.StatusCode.NOT_FOUND, 500: grpc.StatusCode.INTERNAL, 503: grpc.StatusCode.UNAVAILABLE}


def _made() -> dict[str, Any]:
    """Return the classes of the messages, from a pool of their own."""
    file = descriptor_pb2.FileDescriptorProto(name="fake.proto", package="fake", syntax="proto3")
    for name, fields in _MESSAGES.items():
        described = file.message_type.add(name=name)
        for number, (field, kind) in fields.items():
            is_message = isinstance(kind, str)
            described.field.add(
                name=field.removeprefix("*"),
                number=number,
                label=3 if field.startswith("*") else 1,
                type=_MESSAGE if is_message else kind,
                type_name=f".fake.{kind}" if is_message else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"fake.{name}"))
        for name in _MESSAGES
    }


class Grpc:
    """Answers calls as the fake service answers requests."""

    def __init__(self, service: FakeService) -> None:
        self._service = service
        self._classes = _made()
        methods = {"ModelReady": "Named", "ModelMetadata": "Named", "ModelInfer": "Request"}
        self._server = grpc.server(ThreadPoolExecutor(8))
        handlers = {
            method: grpc.unary_unary_rpc_method_handler(
                getattr(self, f"_{method}"),
                request_deserializer=self._classes[kind].FromString,
                response_serializer=lambda answer: answer.SerializeToString(),
            )
            for method, kind in methods.items()
        }
        whole = grpc.method_handlers_generic_handler("inference.GRPCInferenceService", handlers)
        self._server.add_generic_rpc_handlers((whole,))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def _ModelReady(self, asked: Any, context: Any) -> Any:  # noqa: N802 - as the protocol has it
        self._see_that_it_is_there(asked.name, context)
        return self._classes["Ready"](ready=not self._service.options.not_ready)

    def _ModelMetadata(self, asked: Any, context: Any) -> Any:  # noqa: N802
        self._see_that_it_is_there(asked.name, context)
        features = self._service.bundle.manifest.input.features
        inputs = [self._classes["Tensor"](name="x", datatype="FP32", shape=[-1, features])]
        return self._classes["Metadata"](name=asked.name, inputs=inputs)

    def _ModelInfer(self, asked: Any, context: Any) -> Any:  # noqa: N802
        model, variant = self._see_that_it_is_there(asked.model_name, context)
        (tensor,), (raw,) = asked.inputs, asked.raw
        rows = np.frombuffer(raw, "<f4").reshape(list(tensor.shape))
        status, native = self._service.answer(variant or "int8", raw, lambda: rows)
        if status != 200:
            context.abort(_CODES[status], native["detail"])
        one = fake_protocols.Asked("oip", model, variant, rows, is_binary=True)
        labels = list(self._service.bundle.manifest.labels)
        content = fake_protocols.answer(one, native, labels, self._service.options.answers)
        head, end = json.JSONDecoder().raw_decode(content.decode("latin-1"))
        response, blobs = self._classes["Response"](model_name=asked.model_name, id=asked.id), content[end:]
        for output in head["outputs"]:
            size = output["parameters"]["binary_data_size"]
            response.outputs.add(name=output["name"], datatype=output["datatype"], shape=output["shape"])
            response.raw.append(blobs[:size])
            blobs = blobs[size:]
        return response

    def _see_that_it_is_there(self, name: str, context: Any) -> tuple[str, str]:
        model, _, variant = name.partition("~")
        if model != self._service.bundle.name:
            context.abort(grpc.StatusCode.NOT_FOUND, f"there is no model {model}: \u00fc%")
        return model, variant
