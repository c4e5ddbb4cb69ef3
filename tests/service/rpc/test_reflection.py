"""Tests of reflection, as tools such as grpcurl use it."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool

from service.rpc.messages import ReflectionResponse, message
from service.rpc.reflection import FORMER_SERVICE, SERVICE
from tests.patience import PATIENCE_S
from tests.service.rpc.client import Client

_Request = message("grpc.reflection.v1.ServerReflectionRequest")
_SERVICES = ["inference.GRPCInferenceService", "grpc.health.v1.Health", SERVICE]


def ask(rpc: Client, service: str, *requests: dict[str, Any]) -> list[Any]:
    call = rpc.channel.stream_stream(
        f"/{service}/ServerReflectionInfo", response_deserializer=ReflectionResponse.FromString
    )
    contents = [_Request(**request).SerializeToString() for request in requests]
    return list(call(iter(contents), timeout=PATIENCE_S))


@pytest.mark.parametrize("service", [SERVICE, FORMER_SERVICE])
def test_it_lists_the_services_under_the_name_that_tools_ask_by(rpc: Client, service: str) -> None:
    (answer,) = ask(rpc, service, {"list_services": "*", "host": "here"})
    assert [found.name for found in answer.list_services_response.service] == _SERVICES
    assert (answer.valid_host, answer.original_request.list_services) == ("here", "*")


@pytest.mark.parametrize(
    "request_",
    [
        {"file_by_filename": "inference.proto"},
        {"file_containing_symbol": "inference.GRPCInferenceService"},
        {"file_containing_symbol": "inference.GRPCInferenceService.ModelInfer"},
        {"file_containing_symbol": "inference.ModelInferRequest.InferInputTensor"},
        {"file_containing_symbol": "inference.DataType"},
    ],
)
def test_it_describes_what_a_service_is_made_of(rpc: Client, request_: dict[str, Any]) -> None:
    (answer,) = ask(rpc, SERVICE, request_)
    pool = DescriptorPool()
    for content in answer.file_descriptor_response.file_descriptor_proto:
        pool.AddSerializedFile(content)
    method = pool.FindServiceByName("inference.GRPCInferenceService").methods_by_name["ModelInfer"]
    assert method.input_type.fields_by_name["raw_input_contents"].number == 7


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"file_by_filename": "nothing.proto"}, grpc.StatusCode.NOT_FOUND),
        ({"file_containing_symbol": "inference.Nothing"}, grpc.StatusCode.NOT_FOUND),
        ({"file_containing_symbol": "inference.GRPCInferenceService.Nothing"}, grpc.StatusCode.NOT_FOUND),
        ({"file_containing_symbol": ""}, grpc.StatusCode.NOT_FOUND),
        ({"file_containing_extension": {"containing_type": "a.B"}}, grpc.StatusCode.NOT_FOUND),
        ({"all_extension_numbers_of_type": "inference.Nothing"}, grpc.StatusCode.NOT_FOUND),
        ({}, grpc.StatusCode.INVALID_ARGUMENT),
    ],
)
def test_what_is_not_here_is_said_and_the_stream_goes_on(
    rpc: Client, request_: dict[str, Any], code: grpc.StatusCode
) -> None:
    refused, listed = ask(rpc, SERVICE, request_, {"list_services": ""})
    assert refused.error_response.error_code == code.value[0]
    assert refused.error_response.error_message
    assert listed.list_services_response.service


def test_no_message_has_extensions(rpc: Client) -> None:
    (answer,) = ask(rpc, SERVICE, {"all_extension_numbers_of_type": "inference.ModelInferRequest"})
    assert answer.all_extension_numbers_response.base_type_name == "inference.ModelInferRequest"
    assert not answer.all_extension_numbers_response.extension_number


def test_the_official_client_learns_how_to_call_every_method(rpc: Client) -> None:
    database = pytest.importorskip("grpc_reflection.v1alpha.proto_reflection_descriptor_database")
    known = database.ProtoReflectionDescriptorDatabase(rpc.channel)
    assert list(known.get_services()) == _SERVICES
    pool = DescriptorPool(known)
    for name in _SERVICES:
        assert pool.FindServiceByName(name).methods
    with pytest.raises(KeyError):
        pool.FindMessageTypeByName("inference.Nothing")
