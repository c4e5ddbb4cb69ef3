"""The messages and services of `protos/`, in a pool of their own.

A client in the same process, such as tritonclient's, may bring files of the same names and packages, and the
default pool takes each name once.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

POOL = DescriptorPool()
for _file in FileDescriptorSet.FromString(
    (files("service.rpc") / "protos/descriptors.binpb").read_bytes()
).file:
    POOL.Add(_file)


def message(name: str) -> Any:
    """Return the class of a message by its full name, as in `inference.ModelInferRequest`."""
    return GetMessageClass(POOL.FindMessageTypeByName(name))


def methods(service: str) -> dict[str, Any]:
    """Return the descriptors of a service's methods, by name."""
    return dict(POOL.FindServiceByName(service).methods_by_name)


InferRequest = message("inference.ModelInferRequest")
InferResponse = message("inference.ModelInferResponse")
HealthResponse = message("grpc.health.v1.HealthCheckResponse")
ReflectionResponse = message("grpc.reflection.v1.ServerReflectionResponse")
