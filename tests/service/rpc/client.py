"""A gRPC client of the service, on messages of the pool that the service has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass

from service.rpc.inference import SERVICE
from service.rpc.messages import methods
from tests.patience import PATIENCE_S, wait_until
from tests.running_service import RunningService

EVERYTHING = ("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)


class Client:
    """Calls methods by their names, with the fields of their messages."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel

    def ask(self, method: str, of: str = SERVICE, options: Any = None, **fields: Any) -> Any:
        """Return the answer; `options` are of the call. Raises grpc.RpcError."""
        return self._call(method, of)(self._request(method, of, fields), **_patient(options))

    def stream(self, method: str, of: str, **fields: Any) -> Any:
        """Return the answers of a method that has several."""
        answer = GetMessageClass(methods(of)[method].output_type)
        call = self.channel.unary_stream(f"/{of}/{method}", response_deserializer=answer.FromString)
        return call(self._request(method, of, fields), timeout=PATIENCE_S)

    def begin(self, method: str, *, options: Any = None, **fields: Any) -> Any:
        """Return the future of an answer."""
        return self._call(method, SERVICE).future(self._request(method, SERVICE, fields), **_patient(options))

    def refused(self, method: str, of: str = SERVICE, options: Any = None, **fields: Any) -> Any:
        """Return the error that a call ends with."""
        with pytest.raises(grpc.RpcError) as refusal:
            self.ask(method, of, options, **fields)
        return refusal.value

    def _request(self, method: str, service: str, fields: dict[str, Any]) -> bytes:
        content: bytes = GetMessageClass(methods(service)[method].input_type)(**fields).SerializeToString()
        return content

    def _call(self, method: str, service: str) -> Any:
        answer = GetMessageClass(methods(service)[method].output_type)
        return self.channel.unary_unary(f"/{service}/{method}", response_deserializer=answer.FromString)


def _patient(options: dict[str, Any] | None) -> dict[str, Any]:
    return {"timeout": PATIENCE_S} | (options or {})


def address_of(service: RunningService) -> str:
    """Return where a service answers gRPC, as its log says."""
    said = wait_until(lambda: re.search(r"gRPC is answered on (\S+)", service.log.read_text()))
    return said[1]


@contextmanager
def connected(service: RunningService) -> Iterator[Client]:
    """Connect to a running service."""
    with grpc.insecure_channel(address_of(service), options=EVERYTHING) as channel:
        yield Client(channel)
