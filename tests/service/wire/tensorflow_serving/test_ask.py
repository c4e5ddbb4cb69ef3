"""What a head asks for, and how a refusal is written."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from service.errors import (
    ExpiredError,
    InvalidRequestError,
    MalformedBodyError,
    OverloadedError,
    TooLargeError,
    UnavailableError,
    UnknownTargetError,
    UnsupportedEncodingError,
)
from service.wire import tensorflow_serving
from service.wire.tensorflow_serving import ask
from service.wire.wish import Wish

PATH = "/v1/models/m:predict"


def test_a_head_says_how_the_body_comes_and_by_when_its_answer_is_wanted() -> None:
    asked = ask(
        "/v1/models/m/versions/2:classify",
        b"",
        [
            (b"content-length", b"12"),
            (b"content-type", b"application/octet-stream"),
            (b"content-encoding", b"gzip"),
            (b"x-timeout-ms", b"20"),
        ],
    )
    assert (asked.length, asked.coding, asked.timeout_ms, asked.target.version) == (12, "gzip", 20.0, 2)
    plain = ask(PATH, b"", [])
    assert (plain.length, plain.coding, plain.timeout_ms) == (None, None, None)


def test_a_query_for_others_is_let_through() -> None:
    assert ask(PATH, b"key=1&my_variant=2", []).target.model == "m"


def test_a_wish_leaves_the_variant_to_the_service() -> None:
    asked = ask(PATH, b"key=1&min%5Faccuracy=0.5&max_latency_ms=20", [])
    assert asked.wish == Wish(20.0, 0.5)
    assert (asked.target.model, asked.target.variant) == ("m", "auto")
    again = ask(PATH, b"max_latency_ms=20", [])
    assert again.target is asked.target  # by which what it means is remembered
    assert ask("/v1/models/m/labels/auto:predict", b"max_latency=1", []).wish is None
    with pytest.raises(InvalidRequestError, match="leaves it to the service"):
        ask("/v1/models/m~int8:predict", b"objective=latency", [])


def test_a_query_may_ask_for_an_id() -> None:
    assert ask(PATH, b"ids=true", []).ids
    assert not ask(PATH, b"ids=false&key=1", []).ids


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (b"objective=latency&objective=latency", "'objective' is given twice"),
        (b"min_accuracy=", "min_accuracy is ''"),
        (b"ids=yes", "ids is 'yes'; it must be true or false"),
    ],
)
def test_what_a_query_cannot_say_is_refused(query: bytes, said: str) -> None:
    with pytest.raises(InvalidRequestError, match=said):
        ask(PATH, query, [])


def test_what_goes_unheeded_elsewhere_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="a variant is a label: /labels/int8:predict"):
        ask(PATH, b"key=1&variant=int8", [])
    with pytest.raises(InvalidRequestError, match="classifies and does not regress"):
        ask("/v1/models/m:regress", b"", [])
    with pytest.raises(UnsupportedEncodingError, match="'br'"):
        ask(PATH, b"", [(b"content-encoding", b"br")])
    with pytest.raises(InvalidRequestError, match="timeout_ms is 'soon'"):
        ask(PATH, b"", [(b"x-timeout-ms", b"soon")])


def test_errors_have_the_statuses_that_clients_know() -> None:
    statuses = {
        InvalidRequestError("x"): 400,
        MalformedBodyError("x"): 400,
        UnknownTargetError("x"): 404,
        TooLargeError("x"): 413,
        UnsupportedEncodingError("x"): 415,
        UnavailableError("x"): 503,
        OverloadedError("x", retry_after_s=1): 503,
        ExpiredError("x"): 504,
    }
    assert {error: HTTPStatus(tensorflow_serving.status(error)) for error in statuses} == statuses
    assert tensorflow_serving.refusal(400, 'no "x"') == (b"application/json", b'{"error":"no \\"x\\""}')
