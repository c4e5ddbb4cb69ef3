from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from loadtests.errors import RowsError, UnexpectedAnswerError
from loadtests.protocol.dialects.predict import Predict
from loadtests.workload.target import Target

TARGET = Target("digits", 3, "int8", (0, 1, 2))
GOOD: dict[str, Any] = {
    "model": "digits",
    "version": 3,
    "variant": "int8",
    "predictions": [1, 2],
    "probabilities": [[0.1, 0.8, 0.1], [0.1, 0.1, 0.8]],
}


def test_an_answer_as_promised_holds_labels_and_probabilities() -> None:
    assert _read(GOOD) == ([1, 2], GOOD["probabilities"], "")


def _read(answer: Any) -> Any:
    return Predict(TARGET).read(200, json.dumps(answer).encode(), 2)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model": "wine"}, "not from model 'digits'"),
        ({"version": 2}, "not from version 3"),
        ({"variant": "float32"}, "not from variant 'int8'"),
        ({"predictions": [1]}, "1 predictions for 2 rows"),
        ({"predictions": None}, "no list of predictions"),
        ({"predictions": [1, 9]}, "not a label"),
        ({"predictions": [1, "2"]}, "not a label"),
        ({"predictions": [True, 2]}, "not a label"),
        ({"predictions": [1.0, 2]}, "not a label"),
        ({"predictions": [[1], 2]}, "not a label"),
        ({"probabilities": None}, "no list of probabilities"),
        ({"probabilities": [[0.1, 0.8, 0.1]]}, "probabilities of 1 rows for 2 rows"),
        ({"probabilities": [[0.1, 0.8, 0.1], [0.9, 0.1]]}, "does not have 3 numbers"),
    ],
)
def test_an_ill_formed_answer_is_unexpected(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnexpectedAnswerError, match=reason):
        _read(GOOD | change)


@pytest.mark.parametrize("content", [b"", b"not json", b"\xff", b'"text"', b"[]", b"[" * 100_000])
def test_something_else_than_an_object_is_unexpected(content: bytes) -> None:
    with pytest.raises(UnexpectedAnswerError, match=r"not JSON|not an object"):
        Predict(TARGET).read(200, content, 2)


def test_a_status_other_than_200_is_unexpected_whatever_it_says() -> None:
    with pytest.raises(UnexpectedAnswerError, match=r"^status 503$"):
        Predict(TARGET).read(503, json.dumps(GOOD).encode(), 2)


def test_what_is_asked_for_is_named_in_full_and_safely() -> None:
    assert Predict(Target("m", 2, "a&b", (0, 1))).path == "/predict?model=m&version=2&variant=a%26b"


def test_a_service_that_is_to_choose_says_which_variant_it_chose() -> None:
    chosen = Predict(replace(TARGET, variant="auto"))
    assert chosen.read(200, json.dumps(GOOD).encode(), 2).variant == "int8"
    with pytest.raises(UnexpectedAnswerError, match="does not say which variant"):
        chosen.read(200, json.dumps(GOOD | {"variant": None}).encode(), 2)
    with pytest.raises(UnexpectedAnswerError, match="not from model"):
        chosen.read(200, json.dumps(GOOD | {"model": "wine"}).encode(), 2)


def test_a_deadline_is_told_in_the_query_and_to_whoever_chooses_as_what_is_wished() -> None:
    assert Predict(replace(TARGET, deadline_ms=18.0)).path.endswith("&variant=int8&timeout_ms=18")
    chosen = Predict(replace(TARGET, variant="auto", deadline_ms=18.0))
    assert chosen.path.endswith("&variant=auto&timeout_ms=18&max_latency_ms=18")


def test_rows_of_numbers_are_sent_as_octets_where_that_is_asked_for() -> None:
    binary = Predict(replace(TARGET, is_binary=True))
    body = binary.encode(np.array([[1.0, 2.5]], np.float32))
    assert body.content == np.array([1.0, 2.5], "<f4").tobytes()
    assert body.fields == (("Content-Type", "application/octet-stream"),)
    assert binary.form != Predict(TARGET).form  # so bodies of one are not sent as the other's
    with pytest.raises(RowsError, match="not sent as octets"):
        binary.encode(np.array(["a text"], object))
