"""Tests of what the service says of itself and its models over gRPC, and of what can be done to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pytest
from google.protobuf.json_format import MessageToDict

from tests.running_service import RunningService, running_service
from tests.service.rpc.client import Client, connected

NOT_FOUND, UNIMPLEMENTED = grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNIMPLEMENTED


def as_json(answer: Any) -> Any:
    """Return an answer as it is in JSON, with all its fields, and its whole numbers as texts."""
    return MessageToDict(answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def texts(document: Any) -> Any:
    """Return a document with its whole numbers as texts, as JSON made of messages has those of 64 bits."""
    if isinstance(document, dict):
        return {name: texts(value) for name, value in document.items()}
    if isinstance(document, list):
        return [texts(value) for value in document]
    return str(document) if type(document) is int else document


def test_it_lives_and_is_ready(rpc: Client) -> None:
    assert rpc.ask("ServerLive").live
    assert rpc.ask("ServerReady").ready


@pytest.mark.parametrize("name", ["digits", "digits~int8", "breast_cancer"])
@pytest.mark.parametrize("version", ["", "1"])
def test_what_is_told_of_a_variant_is_what_rest_tells(
    client: httpx.Client, rpc: Client, name: str, version: str
) -> None:
    asked = {"name": name, "version": version}
    address = f"/v2/models/{name}" + (f"/versions/{version}" if version else "")
    assert rpc.ask("ModelReady", **asked).ready
    assert as_json(rpc.ask("ModelMetadata", **asked)) == texts(client.get(address).json())
    config = as_json(rpc.ask("ModelConfig", **asked))["config"]
    expected = client.get(f"{address}/config").json()
    assert texts(config) == texts(expected)


def test_the_server_is_told_of_as_rest_tells_it(client: httpx.Client, rpc: Client) -> None:
    assert as_json(rpc.ask("ServerMetadata")) == client.get("/v2").json()


def test_every_variant_is_in_the_index_or_those_that_are_loaded(client: httpx.Client, rpc: Client) -> None:
    told = as_json(rpc.ask("RepositoryIndex"))["models"]
    rows = client.post("/v2/repository/index").json()
    assert [(one["name"], one["version"]) for one in told] == [(one["name"], one["version"]) for one in rows]
    loaded = as_json(rpc.ask("RepositoryIndex", ready=True))["models"]
    assert loaded == [one for one in told if one["state"] == "READY"]
    assert len(loaded) < len(told)  # of TensorFlow's variants, nobody has asked for one


def test_statistics_count_what_a_variant_has_done(rpc: Client) -> None:
    def done() -> tuple[int, int, int]:
        (found,) = rpc.ask("ModelStatistics", name="digits~float16").model_stats
        assert (found.name, found.version) == ("digits~float16", "1")
        return found.inference_count, found.inference_stats.success.count, found.inference_stats.queue.count

    before = done()
    tensor = {"name": "x", "datatype": "FP32", "shape": [3, 64]}
    content = np.zeros((3, 64), "<f4").tobytes()
    rpc.ask("ModelInfer", model_name="digits~float16", inputs=[tensor], raw_input_contents=[content])
    assert [now - then for now, then in zip(done(), before, strict=True)] == [3, 1, 1]
    names = {one.name for one in rpc.ask("ModelStatistics").model_stats}
    assert {"digits", "digits~int8", "breast_cancer"} <= names


@pytest.mark.parametrize(
    "asked", [{"name": "nothing"}, {"name": "digits~nothing"}, {"name": "digits", "version": "7"}]
)
def test_what_is_not_here_is_not_ready_without_an_error_as_with_triton(
    rpc: Client, asked: dict[str, str]
) -> None:
    assert not rpc.ask("ModelReady", **asked).ready


@pytest.mark.parametrize(
    ("method", "asked", "code"),
    [
        ("ModelMetadata", {"name": ""}, NOT_FOUND),
        ("ModelMetadata", {"name": "digits", "version": "7"}, NOT_FOUND),
        ("ModelMetadata", {"name": "digits", "version": "one"}, NOT_FOUND),
        ("ModelConfig", {"name": "nothing"}, NOT_FOUND),
        ("ModelStatistics", {"name": "nothing"}, NOT_FOUND),
        ("RepositoryModelLoad", {"model_name": "nothing"}, NOT_FOUND),
        ("RepositoryModelUnload", {"model_name": "nothing"}, NOT_FOUND),
        (
            "RepositoryModelLoad",
            {"model_name": "digits", "parameters": {"config": {"string_param": "{}"}}},
            UNIMPLEMENTED,
        ),
    ],
)
def test_what_is_not_here_is_said(
    rpc: Client, method: str, asked: dict[str, Any], code: grpc.StatusCode
) -> None:
    refused = rpc.refused(method, **asked)
    assert refused.code() == code, refused.details()
    assert refused.details()


@pytest.fixture(scope="module")
def changing(digits_alone: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    log = tmp_path_factory.mktemp("changing") / "log"
    arguments = ("--grpc-port", "0", "--preload", "int8", "--reload-s", "0")
    with running_service(digits_alone, log, *arguments) as service:
        yield service


def test_a_variant_is_loaded_and_unloaded(changing: RunningService) -> None:
    with connected(changing) as rpc:
        for method, is_ready in (("Load", True), ("Unload", False), ("Load", True)):
            rpc.ask(f"RepositoryModel{method}", model_name="digits~float16")
            assert rpc.ask("ModelReady", name="digits~float16").ready is is_ready
