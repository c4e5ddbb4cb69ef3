from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from loadtests.errors import RowsError, UnexpectedAnswerError
from loadtests.protocol.dialects import tensorflow_serving
from loadtests.protocol.dialects.tensorflow_serving import TensorFlowServing
from loadtests.workload.target import Target

TARGET = Target("digits", None, "", ("cat", "dog", "owl"), protocol="tfs")
SCORES = [[0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]


def _server(answers: dict[str, Any]) -> Any:
    def ask(method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        assert method == "GET"
        return (200, json.dumps(answers[path]).encode()) if path in answers else (404, b"{}")

    return ask


def _metadata(*sizes: int) -> dict[str, Any]:
    """Return it as the server writes it: the key twice, and sizes as strings."""
    shape = {"dim": [{"size": str(size), "name": ""} for size in sizes], "unknown_rank": False}
    signature = {"inputs": {"x": {"dtype": "DT_FLOAT", "tensor_shape": shape}}, "method_name": "predict"}
    return {"metadata": {"signature_def": {"signature_def": {"serving_default": signature}}}}


INFINITE = json.loads(json.dumps(_metadata(-1, 64)).replace('"64"', "1e999"))


@pytest.mark.parametrize(
    ("target", "place"),
    [
        (TARGET, "/v1/models/digits"),
        (Target("digits", 2, "int8", (0, 1), "tfs"), "/v1/models/digits~int8/versions/2"),
        (Target("digits", None, "", (0, 1), "tfs", "stable"), "/v1/models/digits/labels/stable"),
    ],
)
def test_model_version_and_label_are_in_every_path(target: Target, place: str) -> None:
    ask = _server({place: {"model_version_status": [{"state": "AVAILABLE"}]}})
    assert tensorflow_serving.is_ready(target, ask)
    assert tensorflow_serving.meet(target, ask).path == f"{place}:predict"


@pytest.mark.parametrize(
    ("told", "is_ready"),
    [
        ({"model_version_status": [{"state": "END"}, {"state": "AVAILABLE"}]}, True),
        ({"model_version_status": [{"state": "LOADING"}]}, False),
        ({"model_version_status": 3}, False),
        ({"model_version_status": [None]}, False),
        ({"name": "digits", "ready": True}, True),  # as KServe says it
        ([], False),
    ],
)
def test_it_is_ready_when_a_version_is_available(told: Any, is_ready: bool) -> None:
    assert tensorflow_serving.is_ready(TARGET, _server({"/v1/models/digits": told})) is is_ready


@pytest.mark.parametrize(
    ("sizes", "sent"),
    [
        ((-1, 4), [[1, 2, 3, 4]]),
        ((-1, 2, 2, 1), [[[[1], [2]], [[3], [4]]]]),
        ((-1, -1, 2), [[[1, 2], [3, 4]]]),
        ((-1, -1, -1), [[1, 2, 3, 4]]),
        ((-1,), [[1, 2, 3, 4]]),
    ],
)
def test_rows_take_the_shape_that_the_model_declares(sizes: tuple[int, ...], sent: list[Any]) -> None:
    dialect = tensorflow_serving.meet(TARGET, _server({"/v1/models/digits/metadata": _metadata(*sizes)}))
    body = dialect.encode(np.array([[1, 2, 3, 4]], np.float32))
    assert json.loads(body.content) == {"instances": sent}


@pytest.mark.parametrize("metadata", [None, {}, [], {"metadata": {"signature_def": 1}}, INFINITE])
def test_without_metadata_rows_are_sent_as_they_are(metadata: Any) -> None:
    answers = {} if metadata is None else {"/v1/models/digits/metadata": metadata}
    dialect = tensorflow_serving.meet(TARGET, _server(answers))
    assert dialect.form == "JSON instances"
    assert json.loads(dialect.encode(np.ones((1, 2, 2), np.float32)).content) == {
        "instances": [[[1, 1], [1, 1]]]
    }


def test_rows_of_another_size_are_refused() -> None:
    with pytest.raises(RowsError, match=r"takes rows of shape \[2, 2\]; those to send are of \[3\]"):
        TensorFlowServing(TARGET, (2, 2)).encode(np.ones((1, 3), np.float32))


def _read(predictions: Any, target: Target = TARGET) -> Any:
    return TensorFlowServing(target).read(200, json.dumps({"predictions": predictions}).encode(), 2)


@pytest.mark.parametrize(
    "predictions",
    [
        SCORES,
        [{"p": row} for row in SCORES],
        [{"label": label, "p": row} for label, row in zip(("dog", "owl"), SCORES, strict=True)],
    ],
)
def test_scores_are_read_from_a_list_or_from_a_dict_of_outputs(predictions: Any) -> None:
    assert _read(predictions) == (["dog", "owl"], SCORES, "")


@pytest.mark.parametrize(
    "predictions", [["dog", "owl"], [1, 2], [[1], [2]], [1.0, 2.0], [{"class": 1}, {"class": 2}]]
)
def test_labels_are_read_from_texts_and_from_places(predictions: Any) -> None:
    assert _read(predictions) == (["dog", "owl"], [[], []], "")


def test_a_single_number_is_the_probability_of_the_second_of_two_labels() -> None:
    two = Target("m", None, "", ("no", "yes"), protocol="tfs")
    answers = _read([0.25, 0.75], two)
    assert answers.labels == ["no", "yes"]
    assert np.array(answers.scores) == pytest.approx(np.array([[0.75, 0.25], [0.25, 0.75]]))
    with pytest.raises(UnexpectedAnswerError, match="not a probability of the second label"):
        _read([0.25, -3.5], two)


@pytest.mark.parametrize(
    ("predictions", "reason"),
    [
        (None, "no list of predictions"),
        ([SCORES[0]], "1 predictions for 2 rows"),
        ([SCORES[0], [0.1]], "neither numbers nor texts"),
        ([SCORES[0], {"p": SCORES[1]}], "neither numbers nor texts"),
        ([{"p": SCORES[0]}, {"q": SCORES[1]}], "does not have the outputs of the others"),
        ([[0.5, 0.5], [0.5, 0.5]], "no output has a label, or 3 numbers"),
        (["dog", "cow"], "has 'cow', which is not a label"),
        ([0, 3], "has 3, which is not a label"),
        ([0, -1], "has -1, which is not a label"),
        ([0.5, 1.5], "no output has a label, or 3 numbers"),
    ],
)
def test_an_ill_formed_answer_is_unexpected(predictions: Any, reason: str) -> None:
    with pytest.raises(UnexpectedAnswerError, match=reason):
        _read(predictions)


@pytest.mark.parametrize("content", [b"", b"not json", b"\xff", b"[]", b'"x"', b"[" * 100_000])
def test_something_else_is_unexpected(content: bytes) -> None:
    with pytest.raises(UnexpectedAnswerError, match=r"not JSON|no list of predictions"):
        TensorFlowServing(TARGET).read(200, content, 2)


def test_an_output_is_read_alone_where_it_is_named() -> None:
    named = Target("m", None, "", ("cat", "dog", "owl"), "tfs", output="good")
    two = [{"bad": row[::-1], "good": row} for row in SCORES]
    assert _read(two, named).labels == ["dog", "owl"]
    assert _read(SCORES, named).labels == ["dog", "owl"]  # the only one has no name
    with pytest.raises(UnexpectedAnswerError, match=r"the name 'good'; there are 'p' of 3 a row"):
        _read([{"p": row} for row in SCORES], named)
