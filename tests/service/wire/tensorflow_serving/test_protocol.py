"""What a head asks for, and how answers and refusals are written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus

import numpy as np
import pytest

from bundle.bundle import Bundle
from bundle.normalizer import FloatArray
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
from service.wire.tensorflow_serving import protocol
from service.wire.tensorflow_serving.protocol import Form, ask
from tests.service.wire.test_native import signature

PATH = "/v1/models/m:predict"


@dataclass
class Given:
    """The answer of a model."""

    probabilities: FloatArray

    @property
    def best(self) -> list[int]:
        best: list[int] = self.probabilities.argmax(axis=1).tolist()
        return best

    @property
    def numbers(self) -> list[list[float]]:
        numbers: list[list[float]] = self.probabilities.tolist()
        return numbers


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


def test_what_goes_unheeded_elsewhere_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="a variant is a label: /labels/int8:predict"):
        ask(PATH, b"variant=int8", [])
    with pytest.raises(InvalidRequestError, match="classifies and does not regress"):
        ask("/v1/models/m:regress", b"", [])
    with pytest.raises(UnsupportedEncodingError, match="'br'"):
        ask(PATH, b"", [(b"content-encoding", b"br")])
    with pytest.raises(InvalidRequestError, match="timeout_ms is 'soon'"):
        ask(PATH, b"", [(b"x-timeout-ms", b"soon")])


def test_answers_are_exact_and_named_as_they_were_asked_for(digits: Bundle) -> None:
    codec = protocol.bind(signature(digits), max_rows=9)
    scores = Given(np.random.default_rng(0).random((2, 10), np.float32))

    def answer(form: Form) -> dict[str, object]:
        headers, content = codec.encode(form, scores)
        assert headers == [(b"content-type", b"application/json")]
        found: dict[str, object] = json.loads(content)
        return found

    numbers, best = scores.numbers, scores.best
    assert answer(Form("predictions")) == {"predictions": numbers}
    assert answer(Form("outputs")) == {"outputs": numbers}
    assert answer(Form("outputs", is_labelled=True)) == {"outputs": {"label": best, "probabilities": numbers}}
    assert answer(Form("predictions", is_labelled=True)) == {
        "predictions": [
            {"label": label, "probabilities": row} for label, row in zip(best, numbers, strict=True)
        ]
    }
    assert answer(Form("results")) == {
        "results": [[[str(label), score] for label, score in enumerate(row)] for row in numbers]
    }


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
    assert {error: HTTPStatus(protocol.status(error)) for error in statuses} == statuses
    assert protocol.refusal(400, 'no "x"') == (b"application/json", b'{"error":"no \\"x\\""}')
