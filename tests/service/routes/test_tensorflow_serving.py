"""TensorFlow Serving's addresses: answers as its clients read them, states, metadata and refusals."""

from __future__ import annotations

import gzip
import json
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from bundle.bundle import Bundle
from bundle.normalizer import FloatArray
from bundle.runtimes import open_runtime
from bundle.store import ModelStore
from tests.field_data import LOAN
from tests.service.routes.within import within

DIGITS = "/v1/models/digits"


def error(response: httpx.Response, status: int) -> str:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    answer = response.json()
    assert list(answer) == ["error"]
    return str(answer["error"])


def test_predictions_are_the_probabilities_that_the_variant_gives(
    client: httpx.Client, rows: FloatArray, expected: dict[str, FloatArray]
) -> None:
    for place, variant in {
        DIGITS: "float32",
        f"{DIGITS}/versions/0": "float32",
        f"{DIGITS}/versions/1": "float32",
        f"{DIGITS}/labels/int8": "int8",
        f"{DIGITS}~int8": "int8",
        f"{DIGITS}~int8/versions/1": "int8",
        f"{DIGITS}%7Eint8/labels/int8": "int8",
        "/V1/Models/digits/Labels/int8": "int8",
    }.items():
        answer = client.post(f"{place}:predict", json={"instances": rows.tolist()})
        assert answer.status_code == 200, answer.text
        assert list(answer.json()) == ["predictions"]
        np.testing.assert_allclose(answer.json()["predictions"], expected[variant], atol=1e-6)


def test_columns_are_answered_as_outputs_and_labels_where_they_are_asked_for(
    client: httpx.Client, rows: FloatArray, expected: dict[str, FloatArray]
) -> None:
    place, best = f"{DIGITS}/labels/int8", expected["int8"].argmax(axis=1).tolist()
    outputs = client.post(f"{place}:predict", json={"inputs": {"x": rows.tolist()}}).json()["outputs"]
    np.testing.assert_allclose(outputs, expected["int8"], atol=1e-6)
    body = {"signature_name": "labelled", "inputs": rows.tolist()}
    outputs = client.post(f"{place}:predict", json=body).json()["outputs"]
    assert outputs["label"] == best
    np.testing.assert_allclose(outputs["probabilities"], expected["int8"], atol=1e-6)
    body = {"signature_name": "labelled", "instances": rows.tolist()}
    predictions = client.post(f"{place}:predict", json=body).json()["predictions"]
    assert [one["label"] for one in predictions] == best
    results = client.post(
        f"{place}:classify", json={"examples": [{"x": row} for row in rows.tolist()]}
    ).json()
    scores = [[score for _, score in row] for row in results["results"]]
    np.testing.assert_allclose(scores, expected["int8"], atol=1e-6)
    assert [label for label, _ in results["results"][0]] == [str(digit) for digit in range(10)]


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/octet-stream"]
)
def test_the_body_is_read_whatever_its_content_type(client: httpx.Client, kind: str | None) -> None:
    body = json.dumps({"instances": [[0] * 64]})
    headers = {} if kind is None else {"content-type": kind}
    assert client.post(f"{DIGITS}:predict", content=body, headers=headers).status_code == 200


@pytest.mark.parametrize("name", ["loans", "codes"])
def test_texts_and_tables_are_answered_as_their_runtime_does(
    fields: httpx.Client, field_models: Path, name: str
) -> None:
    bundle = ModelStore(field_models).open(name)
    instances = bundle.test_instances()
    assert instances is not None
    instances = instances[:20]
    expected = open_runtime(bundle, "int8").predict(bundle.test_set()[0][:20])
    of_a_text = {"text": instances}
    columns = of_a_text if name == "codes" else {f: [one.get(f) for one in instances] for f in LOAN}
    place = f"/v1/models/{name}/labels/int8:predict"
    answer = fields.post(place, json={"instances": instances}).json()["predictions"]
    np.testing.assert_allclose(answer, expected, atol=1e-5)
    answer = fields.post(place, json={"signature_name": "labelled", "inputs": columns}).json()["outputs"]
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-5)
    assert answer["label"] == [bundle.manifest.labels[column] for column in expected.argmax(axis=1)]


def test_the_state_of_a_model_is_told_as_both_kinds_of_clients_read_it(client: httpx.Client) -> None:
    fine = {"error_code": "OK", "error_message": ""}
    available = {"version": "1", "state": "AVAILABLE", "status": fine}
    for place in ("", "/versions/1", "/versions/0", "/labels/int8", "~int8", "~int8/versions/1"):
        answer = client.get(f"{DIGITS}{place}")
        assert answer.status_code == 200
        assert answer.json()["model_version_status"] == [available], place
        assert answer.json()["ready"] is True
        assert answer.json()["name"] == ("digits~int8" if "~" in place else "digits")
    assert client.head(DIGITS).status_code == 200


def test_metadata_is_of_the_version_that_answers(client: httpx.Client, fields: httpx.Client) -> None:
    for place in ("", "/versions/1", "/labels/int8", "~int8"):
        answer = client.get(f"{DIGITS}{place}/metadata").json()
        name = "digits~int8" if "~" in place else "digits"
        assert answer["model_spec"] == {"name": name, "signature_name": "", "version": "1"}
        signatures = answer["metadata"]["signature_def"]["signature_def"]
        sizes = signatures["serving_default"]["inputs"]["x"]["tensor_shape"]["dim"]
        assert [size["size"] for size in sizes] == ["-1", "64"]
    inputs = fields.get("/v1/models/loans/metadata").json()["metadata"]["signature_def"]["signature_def"]
    assert set(inputs["serving_default"]["inputs"]) == set(LOAN)


WRONG: list[tuple[str, str, Any, int, str]] = [
    ("POST", "/v1/models/nothing:predict", {"instances": [[0] * 64]}, 404, "there is no model 'nothing'"),
    ("POST", f"{DIGITS}/versions/9:predict", {"instances": [[0] * 64]}, 404, "has no version 9"),
    ("POST", f"{DIGITS}/labels/int3:predict", {"instances": [[0] * 64]}, 404, "no variant 'int3'"),
    ("POST", f"{DIGITS}/labels/int8/versions/1:predict", {}, 400, "malformed request"),
    ("POST", f"{DIGITS}:predict?variant=int8", {"instances": [[0] * 64]}, 400, "/labels/int8:predict"),
    ("POST", f"{DIGITS}:regress", {"examples": [{"x": 1}]}, 400, "classifies and does not regress"),
    ("POST", f"{DIGITS}:predict", {"instances": [[0] * 3]}, 400, "has 3 features; the model takes 64"),
    ("POST", f"{DIGITS}:predict", {"instances": [[0] * 64] * 201}, 413, "there are 201 rows; at most 200"),
    ("POST", f"{DIGITS}:guess", {}, 400, "malformed request"),
    ("POST", DIGITS, {}, 405, "Method Not Allowed"),
    ("GET", f"{DIGITS}:predict", None, 405, "Method Not Allowed"),
    ("DELETE", f"{DIGITS}/metadata", None, 405, "Method Not Allowed"),
    ("GET", "/v1/models", None, 400, "malformed request"),
    ("GET", "/v1/x", None, 400, "malformed request"),
    ("GET", "/v1/models/nothing", None, 404, "there is no model 'nothing'"),
    ("GET", f"{DIGITS}/versions/2", None, 404, "has no version 2"),
    ("GET", f"{DIGITS}/labels/int3", None, 404, "no variant 'int3'; it has: float32"),
    ("GET", f"{DIGITS}/labels/int3/metadata", None, 404, "no variant 'int3'"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "detail"), WRONG)
def test_what_is_wrong_is_told_in_the_protocols_own_shape(
    client: httpx.Client, method: str, path: str, body: Any, status: int, detail: str
) -> None:
    response = client.request(method, path, json=body)
    assert detail in error(response, status)
    if status == 405:
        assert response.headers["allow"] == ("POST" if path.endswith(":predict") else "GET, HEAD")


@pytest.mark.parametrize(("coding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_compressed_body_is_expanded_and_bounded(
    client: httpx.Client, coding: str, compress: Callable[[bytes], bytes]
) -> None:
    def post(content: bytes) -> httpx.Response:
        return client.post(f"{DIGITS}:predict", content=content, headers={"content-encoding": coding})

    body = json.dumps({"instances": [[0] * 64]}).encode()
    plain = client.post(f"{DIGITS}:predict", content=body)
    answer = post(compress(body))
    assert (answer.status_code, answer.content) == (200, plain.content)
    assert "when it is expanded" in error(post(compress(bytes(16 * 2**20 + 1))), 413)
    assert f"the body is not {coding}" in error(post(compress(body)[:-9]), 400)


@pytest.mark.parametrize("body", [b"", b"{", b'{"instances": [[NaN]]}', b"\xff"])
def test_a_body_that_cannot_be_read_is_a_400(client: httpx.Client, body: bytes) -> None:
    assert error(client.post(f"{DIGITS}:predict", content=body), 400)


def test_what_is_loaded_only_when_it_is_asked_for_and_what_is_refused_is_told_apart(
    digits: Bundle, tmp_path: Path
) -> None:
    for version in (1, 2):
        shutil.copytree(digits.folder, tmp_path / "models" / "digits" / str(version))
    (tmp_path / "models" / "digits" / "2" / "manifest.json").write_text("{}")
    shutil.copytree(tmp_path / "models" / "digits" / "2", tmp_path / "models" / "broken" / "1")
    with within(tmp_path / "models", preload=("int8",)) as client:
        states = client.get(DIGITS).json()
        told = {one["version"]: one for one in states["model_version_status"]}
        assert states["ready"] is True
        assert told["1"]["state"] == "AVAILABLE"
        assert told["2"]["state"] in ("LOADING", "END")
        assert told["2"]["status"]["error_code"] == "FAILED_PRECONDITION"
        assert "manifest" in told["2"]["status"]["error_message"]
        variant = client.get(f"{DIGITS}/labels/float32").json()
        assert (variant["ready"], variant["model_version_status"][0]["state"]) == (False, "START")
        broken = client.get("/v1/models/broken")
        assert (broken.status_code, broken.json()["ready"]) == (200, False)
        assert error(client.get("/v1/models/broken/metadata"), 503)
        body = {"instances": [[0] * 64]}
        assert error(client.post("/v1/models/broken:predict", json=body), 503)
