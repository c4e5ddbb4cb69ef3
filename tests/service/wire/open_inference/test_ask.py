"""What the head of a request of the Open Inference Protocol asks for."""

from __future__ import annotations

import json

import pytest

from service.errors import (
    InvalidRequestError,
    MalformedBodyError,
    OverloadedError,
    TooLargeError,
    UnknownTargetError,
    UnsupportedEncodingError,
)
from service.wire import open_inference
from tests.service.wire.open_inference.requests import ask, head_length


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v2/models/digits/infer", ("digits", None, None)),
        ("/v2/models/digits/versions/2/infer", ("digits", 2, None)),
        ("/v2/models/digits~int8/infer", ("digits", None, "int8")),
        ("/v2/models/digits~int8/versions/9223372036854775807/infer", ("digits", 2**63 - 1, "int8")),
        ("/v2/models/a model/infer", ("a model", None, None)),
    ],
)
def test_a_path_says_model_version_and_variant(path: str, expected: tuple[str, int, str]) -> None:
    assert open_inference.takes(path)
    target = ask(path=path).target
    assert (target.model, target.version, target.variant) == expected
    assert ask(path=path).target is target


@pytest.mark.parametrize(
    "path",
    [
        *("/v2/models/digits/infer/", "/v2/models//infer", "/v2/models/a/b/infer", "/V2/models/digits/infer"),
        *(
            "/v2/models/digits/versions/infer",
            "/v2/models/digits/versions/1/2/infer",
            "/v2/models/digits/ready",
        ),
        *("/v2/models/digits", "/predict", "/v2", "/v2/models/digits/infer\n", "/v22/models/digits/infer"),
    ],
)
def test_other_paths_do_not_take_predictions(path: str) -> None:
    assert not open_inference.takes(path)


def test_all_below_v2_is_refused_in_this_shape_and_nothing_else() -> None:
    assert [
        path for path in ("/v2", "/v2/", "/v2/x", "/v20", "/V2", "/predict", "/") if open_inference.owns(path)
    ] == [
        "/v2",
        "/v2/",
        "/v2/x",
    ]


@pytest.mark.parametrize("version", ["x", "-1", "1.0", "9223372036854775808", "1" * 5000, "٣", " 1"])
def test_a_version_that_is_none_is_not_found(version: str) -> None:
    with pytest.raises(UnknownTargetError, match="versions are whole numbers"):
        ask(path=f"/v2/models/digits/versions/{version}/infer")


@pytest.mark.parametrize("name", ["~int8", "digits~", "~"])
def test_half_a_name_is_of_no_model(name: str) -> None:
    with pytest.raises(UnknownTargetError, match="there is no model"):
        ask(path=f"/v2/models/{name}/infer")


def test_headers_say_how_long_and_how_coded_a_body_is() -> None:
    asked = ask(
        [(b"content-length", b"70"), head_length(50), (b"content-encoding", b"GZip"), (b"accept", b"x")]
    )
    assert (asked.length, asked.form, asked.coding) == (70, 50, "gzip")
    nothing = ask([(b"content-type", b"application/octet-stream"), (b"content-encoding", b"identity")])
    assert (nothing.length, nothing.form, nothing.coding) == (None, None, None)
    assert ask([(b"content-encoding", b"deflate")]).coding == "deflate"
    with pytest.raises(UnsupportedEncodingError, match="'br'; it may be gzip, deflate or identity"):
        ask([(b"content-encoding", b"br")])


@pytest.mark.parametrize(
    "value", [b"", b"abc", b"12abc", b"-1", b"1.0", b"+1", b"0x10", b"1" * 5000, b"\xb2"]
)
def test_a_length_of_the_json_that_is_none_is_refused(value: bytes) -> None:
    with pytest.raises(InvalidRequestError, match="Inference-Header-Content-Length is"):
        ask([(b"inference-header-content-length", value)])


def test_two_lengths_of_the_json_must_agree() -> None:
    assert ask([head_length(7), head_length(7)]).form == 7
    with pytest.raises(InvalidRequestError, match="Inference-Header-Content-Length is '8'"):
        ask([head_length(7), head_length(8)])


def test_whatever_is_invalid_is_400() -> None:
    errors = [InvalidRequestError(""), MalformedBodyError(""), UnknownTargetError(""), TooLargeError("")]
    assert [open_inference.status(error) for error in errors] == [400, 400, 404, 413]
    assert open_inference.status(UnsupportedEncodingError("")) == 415
    assert open_inference.status(OverloadedError("", retry_after_s=1)) == 503


def test_a_refusal_is_an_error_in_json_and_nothing_else() -> None:
    kind, content = open_inference.refusal(404, "there is no 'é'")
    assert kind == b"application/json"
    assert json.loads(content) == {"error": "there is no 'é'"}
