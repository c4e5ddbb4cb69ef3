"""POST /predict over real HTTP: right answers to good requests, clear ones to bad."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundle.bundle import Bundle
from bundle.normalizer import FloatArray
from bundle.store import ModelStore
from tests.service.routes.within import within

OCTETS = "application/octet-stream"
ROW = [0.0] * 64


def problem(response: httpx.Response, status: int) -> str:
    """Check that a response is a problem of this status, and return its detail."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    fields = response.json()
    assert fields["status"] == status
    assert set(fields) == {"type", "title", "status", "detail"}
    assert isinstance(fields["detail"], str)
    return str(fields["detail"])


@pytest.fixture(scope="module")
def here(digits_alone: Path) -> Iterator[httpx.Client]:
    """A service in this process, where tests share one TensorFlow: to import it takes ten seconds.

    That a service of its own imports it, `wire/test_instances.py` shows, slowly.
    """
    with within(digits_alone, preload=("float32",)) as client:
        yield client


@pytest.mark.parametrize("variant", ["float32", "float16", "dynamic_int8", "int8", "int16x8", "tensorflow"])
def test_every_variant_answers_what_its_runtime_answers(
    here: httpx.Client, digits: Bundle, rows: FloatArray, expected: dict[str, FloatArray], variant: str
) -> None:
    response = here.post("/predict", params={"variant": variant}, json={"instances": rows.tolist()})
    answer = response.json()
    assert response.status_code == 200, response.text
    assert list(answer) == ["model", "version", "variant", "predictions", "probabilities"]
    assert (answer["model"], answer["version"], answer["variant"]) == ("digits", 1, variant)
    np.testing.assert_allclose(answer["probabilities"], expected[variant], atol=1e-6)
    assert answer["predictions"] == [digits.manifest.labels[i] for i in expected[variant].argmax(axis=1)]


def test_the_default_is_the_bundles_default_variant_of_the_newest_version(client: httpx.Client) -> None:
    answer = client.post("/predict", json={"instances": [ROW]}).json()
    assert (answer["model"], answer["version"], answer["variant"]) == ("digits", 1, "float32")
    assert all(isinstance(label, int) for label in answer["predictions"])


def test_a_binary_model_answers_its_own_labels_and_two_columns(
    client: httpx.Client, models: Any, digits: Bundle
) -> None:
    bundle = ModelStore(models).open("breast_cancer")
    rows = bundle.test_set()[0][:5]
    url = "/predict?model=breast_cancer&version=1&variant=int8"
    answer = client.post(url, json={"instances": rows.tolist()}).json()
    assert set(answer["predictions"]) <= set(bundle.manifest.labels)
    np.testing.assert_allclose(np.sum(answer["probabilities"], axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", None]
)
def test_the_body_is_read_as_json_whatever_its_content_type(
    client: httpx.Client, content_type: str | None
) -> None:
    headers = {"content-type": content_type} if content_type else {}
    response = client.post("/predict", content=json.dumps({"instances": [ROW]}), headers=headers)
    assert response.status_code == 200


def test_octets_in_and_out_are_the_same_numbers(
    client: httpx.Client, rows: FloatArray, expected: dict[str, FloatArray]
) -> None:
    headers = {"content-type": OCTETS, "accept": OCTETS}
    response = client.post("/predict?variant=int8", content=rows.astype("<f4").tobytes(), headers=headers)
    assert response.status_code == 200
    assert response.headers["content-type"] == OCTETS
    assert (response.headers["x-model"], response.headers["x-version"]) == ("digits", "1")
    assert response.headers["x-variant"] == "int8"
    answer = np.frombuffer(response.content, "<f4").reshape(9, 10)
    np.testing.assert_array_equal(answer, expected["int8"])


def test_octets_in_may_be_answered_as_json_and_the_other_way_round(
    client: httpx.Client, rows: FloatArray
) -> None:
    octets = client.post("/predict", content=rows.tobytes(), headers={"content-type": OCTETS})
    text = client.post("/predict", json={"instances": rows.tolist()}, headers={"accept": OCTETS})
    numbers = np.frombuffer(text.content, "<f4").reshape(9, 10)
    np.testing.assert_array_equal(np.array(octets.json()["probabilities"], np.float32), numbers)


@pytest.mark.parametrize("body", [b"", b"{", b"instances", b"\xff\xfe\0", b'{"instances": [[1]]} x'])
def test_what_is_not_json_is_a_400(client: httpx.Client, body: bytes) -> None:
    assert "not JSON" in problem(client.post("/predict", content=body), 400)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "missing required field 'instances'"),
        ([], "Expected 'object', got 'array'"),
        ({"instances": []}, "at least one row"),
        ({"instances": ROW}, "a list of rows, each a list of 64 numbers, flat or nested as (8, 8)"),
        ({"instances": [ROW, ROW[:-1]]}, "instances[1] has 63 features; the model takes 64"),
        ({"instances": [[]]}, "instances[0] has 0 features"),
        ({"instances": [[*ROW[:-1], "1"]]}, "Expected 'float', got 'str' - at '$.instances[0][63]'"),
        ({"instances": [[*ROW[:-1], True]]}, "got 'bool'"),
        ({"instances": [[*ROW[:-1], None]]}, "got 'null'"),
        ({"instances": [[*ROW[:-1], [1]]]}, "got 'array'"),
        ({"instances": [[*ROW[:-1], 1e39]]}, "instances[0][63] is 1e+39; numbers must be finite and fit"),
        ({"instances": [ROW], "instance": 1}, "unknown field 'instance'"),
    ],
)
def test_json_that_is_not_rows_of_numbers_is_a_422(client: httpx.Client, body: object, detail: str) -> None:
    assert detail in problem(client.post("/predict", json=body), 422)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" + "0" * 400])
def test_numbers_beyond_every_float_are_a_422(client: httpx.Client, number: str) -> None:
    body = '{"instances": [[' + ",".join([number] * 64) + "]]}"
    assert "out of range" in problem(client.post("/predict", content=body), 422)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none_are_a_422_that_names_them(client: httpx.Client, constant: str) -> None:
    body = '{"instances": [[' + ",".join([constant] * 64) + "]]}"
    assert f"holds {constant};" in problem(client.post("/predict", content=body), 422)


@pytest.mark.parametrize("depth", [10, 100_000])
def test_deep_nesting_is_a_422_and_not_a_crash(client: httpx.Client, depth: int) -> None:
    problem(client.post("/predict", content=b'{"instances":' + b"[" * depth), 422)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "at least one row"),
        (b"\0" * 255, "255 bytes long; a row is 256"),
        (np.full(64, np.nan, "<f4").tobytes(), "instances[0][0] is nan"),
        (np.array([0] * 70 + [np.inf] + [0] * 57, "<f4").tobytes(), "instances[1][6] is inf"),
    ],
)
def test_octets_that_are_not_whole_finite_rows_are_a_422(
    client: httpx.Client, body: bytes, detail: str
) -> None:
    assert detail in problem(client.post("/predict", content=body, headers={"content-type": OCTETS}), 422)


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        (
            "variant=int4",
            "'digits' has no variant 'int4'; it has: float32, float16, weight_int8, dynamic_int8",
        ),
        ("model=wine", "there is no model 'wine'; there are: breast_cancer, digits"),
        ("version=7", "'digits' has no version 7; it has: 1"),
        ("version=0", "no version 0"),
        ("model=../../etc", "there is no model '../../etc'"),
        ("model=" + "x" * 5000, "there is no model 'xxx"),
    ],
)
def test_what_is_not_there_is_a_404_that_says_what_is(client: httpx.Client, query: str, detail: str) -> None:
    told = problem(client.post(f"/predict?{query}", json={"instances": [ROW]}), 404)
    assert detail in told
    assert len(told) < 300


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("varient=int8", "'varient' is not known; allowed are variant, model, version, timeout_ms"),
        ("variant=int8&variant=float32", "'variant' is given twice"),
        ("variant=", "'variant' is empty"),
        ("version=one", "version is 'one'; it must be a whole number"),
        ("version=" + "9" * 5000, "it must be a whole number"),
        ("&".join(f"a{i}=1" for i in range(40)), "more than 16 parameters"),
    ],
)
def test_a_query_that_means_nothing_is_a_422(client: httpx.Client, query: str, detail: str) -> None:
    assert detail in problem(client.post(f"/predict?{query}", json={"instances": [ROW]}), 422)


def test_too_many_rows_are_a_413(client: httpx.Client) -> None:
    told = problem(client.post("/predict", json={"instances": [ROW] * 201}), 413)
    assert told == "there are 201 rows; at most 200 are allowed in a request"
    assert client.post("/predict", json={"instances": [ROW] * 200}).status_code == 200


def test_too_many_bytes_are_a_413_before_they_are_read(client: httpx.Client) -> None:
    told = problem(client.post("/predict", content=b" " * (16 * 2**20 + 1)), 413)
    assert "16777217 bytes long; at most 16777216" in told


def test_too_many_bytes_without_a_length_are_a_413(client: httpx.Client) -> None:
    told = problem(client.post("/predict", content=(b" " * 2**20 for _ in range(17))), 413)
    assert "longer than 16777216" in told


def test_a_body_in_pieces_is_one_body(client: httpx.Client) -> None:
    body = json.dumps({"instances": [ROW]}).encode()
    assert (
        client.post("/predict", content=(body[i : i + 7] for i in range(0, len(body), 7))).status_code == 200
    )


def test_a_compressed_body_is_a_415(client: httpx.Client) -> None:
    response = client.post("/predict", content=b"\x1f\x8b", headers={"content-encoding": "gzip"})
    assert "'gzip'; send the body uncompressed" in problem(response, 415)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_another_method_is_a_405_that_names_the_right_one(client: httpx.Client, method: str) -> None:
    response = client.request(method, "/predict")
    problem(response, 405)
    assert response.headers["allow"] == "POST"


def test_another_address_is_a_404_problem(client: httpx.Client) -> None:
    assert "GET /nowhere" in problem(client.get("/nowhere"), 404)


@given(body=st.binary(max_size=300), query=st.text(max_size=30), octets=st.booleans())
def test_no_bytes_at_all_give_a_500(client: httpx.Client, body: bytes, query: str, octets: bool) -> None:
    headers = {"content-type": OCTETS} if octets else {}
    response = client.post("/predict", params={"variant": query}, content=body, headers=headers)
    assert 400 <= response.status_code < 500, (response.status_code, body, query)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(instances=JSON)
def test_no_json_at_all_gives_a_500(client: httpx.Client, instances: object) -> None:
    problem(client.post("/predict", json={"instances": instances}), 422)


@given(row=st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=64, max_size=64))
def test_every_finite_row_gets_a_finite_answer_from_every_variant(
    client: httpx.Client, row: list[float]
) -> None:
    for variant in ("float32", "float16", "dynamic_int8", "int8"):
        answer = client.post(f"/predict?variant={variant}", json={"instances": [row]})
        assert answer.status_code == 200, answer.text
        assert sum(answer.json()["probabilities"][0]) == pytest.approx(1, abs=0.05)
