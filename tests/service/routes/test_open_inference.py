"""The Open Inference Protocol as clients meet it, over HTTP."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from bundle.normalizer import FloatArray
from bundle.store import ModelStore
from service.wire.tensors.blobs import pack_texts
from tests.field_data import LOAN
from tests.service.wire.open_inference.requests import head_length, json_of, packed, read_answer, vector

INT8 = "/v2/models/digits~int8"
FIELDS = {"age": "FP32", "income": "FP32", "job": "BYTES", "note": "BYTES"}


def infer(client: httpx.Client, model: str, content: bytes, length: int | None = None) -> httpx.Response:
    headers = [] if length is None else [head_length(length)]
    return client.post(f"{model}/infer", content=content, headers=headers)


def answered(response: httpx.Response) -> tuple[dict[str, Any], dict[str, Any]]:
    assert response.status_code == 200, response.text
    return read_answer([(n, v) for n, v in response.headers.raw if n.lower() != b"date"], response.content)


def refused(response: httpx.Response, status: int) -> str:
    assert (response.status_code, response.headers["content-type"]) == (status, "application/json")
    document = response.json()
    assert isinstance(document["error"], str)
    return str(document["error"])


@pytest.mark.parametrize("name", ["digits", "digits~int8", "digits~float16"])
@pytest.mark.parametrize("version", ["", "/versions/1"])
def test_json_and_blobs_get_what_the_variant_answers(
    client: httpx.Client, rows: FloatArray, expected: dict[str, FloatArray], name: str, version: str
) -> None:
    shape = list(rows.shape)
    blob, length = packed(({"name": "x", "shape": shape, "datatype": "FP32"}, rows.tobytes()))
    model = f"/v2/models/{name}{version}"
    right = expected[name.partition("~")[2] or "float32"]
    for response in (
        infer(client, model, json_of(vector(shape, rows.ravel().tolist()))),
        infer(client, model, json_of(vector([9, 8, 8], rows.reshape(9, 8, 8).tolist()))),
        infer(client, model, blob, length),
    ):
        document, values = answered(response)
        assert (document["model_name"], document["model_version"]) == (name, "1")
        np.testing.assert_allclose(np.reshape(values["probabilities"], (9, 10)), right, atol=1e-5)
        assert values["label"] == right.argmax(axis=1).tolist()


def test_a_quoted_name_is_the_name(client: httpx.Client, rows: FloatArray) -> None:
    answered(infer(client, "/v2/models/digits%7Eint8", json_of(vector([9, 64], rows.ravel().tolist()))))


def test_one_row_may_come_without_any_json(client: httpx.Client, rows: FloatArray) -> None:
    document, values = answered(infer(client, INT8, rows[:1].tobytes(), 0))
    assert [one["shape"] for one in document["outputs"]] == [[1, 1], [1, 10]]
    assert values["label"] == [int(np.argmax(values["probabilities"]))]


def test_texts_get_what_predict_answers(fields: httpx.Client, field_models: Path) -> None:
    texts = (ModelStore(field_models).open("codes").test_instances() or [])[:5]
    right = fields.post("/predict?model=codes&variant=int8", json={"instances": texts}).json()
    head = {"name": "text", "shape": [5, 1], "datatype": "BYTES"}
    blob, length = packed((head, pack_texts(texts)))
    for response in (
        infer(fields, "/v2/models/codes~int8", json_of({**head, "data": texts})),
        infer(fields, "/v2/models/codes~int8", blob, length),
    ):
        _, values = answered(response)
        assert values["label"] == right["predictions"]
        np.testing.assert_array_equal(
            np.array(values["probabilities"], np.float32),
            np.array(right["probabilities"], np.float32).ravel(),
        )
    assert (
        answered(infer(fields, "/v2/models/codes~int8", texts[0].encode(), 0))[1]["label"]
        == values["label"][:1]
    )


def test_tables_get_what_predict_answers(fields: httpx.Client) -> None:
    instances = [LOAN, LOAN | {"age": None, "job": "driver", "note": "Account overdrawn."}]
    right = fields.post("/predict?model=loans&variant=int8", json={"instances": instances}).json()
    columns = [
        {"name": name, "shape": [2, 1], "datatype": datatype, "data": [one[name] for one in instances]}
        for name, datatype in FIELDS.items()
    ]
    _, values = answered(infer(fields, "/v2/models/loans~int8", json_of(*columns)))
    assert values["label"] == right["predictions"]
    age = ({"name": "age", "shape": [2, 1], "datatype": "FP32"}, np.array([41, np.nan], np.float32).tobytes())
    blob, length = packed(age, *[(one, None) for one in columns[1:]], binary=None)
    assert answered(infer(fields, "/v2/models/loans~int8", blob, length))[1] == values


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v2/models/nobody/infer", 404),
        ("/v2/models/digits~int3/infer", 404),
        ("/v2/models/digits~/infer", 404),
        ("/v2/models/digits/versions/9/infer", 404),
        ("/v2/models/digits/versions/one/infer", 404),
        ("/v2/models/digits/infer/", 404),
        ("/v2/models/digits", 405),
        ("/v2/health/ready", 405),
        ("/v2/repository/models/nobody/load", 404),
        ("/v2/repository/models/digits~int3/unload", 404),
        ("/v2/nothing", 404),
        ("/v2/", 404),
    ],
)
def test_where_there_is_nothing_to_post_to_is_said_in_this_shape(
    client: httpx.Client, path: str, status: int
) -> None:
    refused(client.post(path, content=json_of(vector([1, 64], [0] * 64))), status)


def test_bodies_that_are_wrong_or_too_much_are_refused_in_this_shape(client: httpx.Client) -> None:
    assert "there is no input" in refused(
        infer(client, INT8, json_of(vector([1, 64], [0] * 64) | {"name": "y"})), 400
    )
    assert "not JSON" in refused(infer(client, INT8, b"{"), 400)
    assert "201 rows" in refused(infer(client, INT8, json_of(vector([201, 64], [0] * 201 * 64))), 413)
    assert "is 'x'" in refused(
        client.post(f"{INT8}/infer", headers={"Inference-Header-Content-Length": "x"}), 400
    )
    assert "'br'" in refused(client.post(f"{INT8}/infer", headers={"Content-Encoding": "br"}), 415)


def test_a_body_may_name_the_variant_that_its_address_does_not(
    client: httpx.Client, rows: FloatArray, expected: dict[str, FloatArray]
) -> None:
    body = json_of(vector([9, 64], rows.ravel().tolist()), parameters={"variant": "float16"})
    document, values = answered(infer(client, "/v2/models/digits", body))
    assert document["model_name"] == "digits"
    np.testing.assert_allclose(np.reshape(values["probabilities"], (9, 10)), expected["float16"], atol=1e-5)
    assert "the model's name says 'int8'" in refused(infer(client, INT8, body), 400)
    unknown = json_of(vector([1, 64], [0] * 64), parameters={"variant": "int3"})
    assert "no variant 'int3'" in refused(infer(client, "/v2/models/digits", unknown), 404)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_compressed_body_is_what_it_was(client: httpx.Client, rows: FloatArray, coding: str) -> None:
    compress = gzip.compress if coding == "gzip" else zlib.compress
    blob, length = packed(({"name": "x", "shape": [9, 64], "datatype": "FP32"}, rows.tobytes()))
    headers = [head_length(length), (b"content-encoding", coding.encode())]
    plain = infer(client, INT8, blob, length)
    response = client.post(f"{INT8}/infer", content=compress(blob), headers=headers)
    assert (response.status_code, response.content) == (200, plain.content)
    refused(client.post(f"{INT8}/infer", content=blob, headers=headers), 400)


def test_a_time_out_in_the_body_is_kept(client: httpx.Client) -> None:
    body = json_of(vector([200, 64], [0] * 200 * 64), parameters={"timeout": 1})
    refused(infer(client, INT8, body), 504)
    enough = json_of(vector([1, 64], [0] * 64), parameters={"timeout": 3_000_000_000})
    assert infer(client, INT8, enough).status_code == 200
