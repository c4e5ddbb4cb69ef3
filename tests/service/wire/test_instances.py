"""POST /predict for models that take texts or objects: right answers, and refusals that name the field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundle.bundle import Bundle
from bundle.runtimes import open_runtime
from bundle.store import ModelStore
from tests.field_data import LOAN
from tests.service.routes.test_predict import JSON, OCTETS, problem

LOANS = "/predict?model=loans&variant=int8"
CODES = "/predict?model=codes&variant=int8"


@pytest.fixture(scope="module")
def client(fields: httpx.Client) -> httpx.Client:
    return fields


@pytest.fixture(scope="module")
def loans(field_models: Path) -> Bundle:
    return ModelStore(field_models).open("loans")


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        *(
            (name, one)
            for name in ("loans", "codes")
            for one in ("float32", "float16", "dynamic_int8", "int8")
        ),
        pytest.param("loans", "tensorflow", marks=pytest.mark.slow),  # which takes seconds to import
    ],
)
def test_every_variant_answers_what_its_runtime_answers_to_the_encoded_rows(
    client: httpx.Client, field_models: Path, name: str, variant: str
) -> None:
    bundle = ModelStore(field_models).open(name)
    instances = bundle.test_instances()
    assert instances is not None
    expected = open_runtime(bundle, variant).predict(bundle.test_set()[0][:40])
    answer = client.post(
        f"/predict?model={name}&variant={variant}", json={"instances": instances[:40]}
    ).json()
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-5)
    assert answer["predictions"] == [bundle.manifest.labels[i] for i in expected.argmax(axis=1)]


@pytest.mark.parametrize("text", ["w0001", "W0001!", "", "never heard of", "\0", "x" * 100_000, " " * 10**6])
def test_unknown_words_and_empty_and_very_long_texts_are_ordinary_input(
    client: httpx.Client, text: str
) -> None:
    answer = client.post(CODES, json={"instances": [text]})
    assert answer.status_code == 200
    assert sum(answer.json()["probabilities"][0]) == pytest.approx(1, abs=0.02)


def test_a_field_named_with_a_nul_is_one_that_the_model_does_not_know(client: httpx.Client) -> None:
    answer = client.post(LOANS, content=rb'{"instances": [{"age": 1, "\u0000": 3}]}')
    assert answer.status_code == 422
    assert "does not know" in answer.json()["detail"]


def test_half_a_surrogate_pair_is_no_word_and_no_error(client: httpx.Client) -> None:
    answer = client.post(CODES, content=rb'{"instances": ["w0007 \ud800", "w0007"]}').json()
    assert answer["predictions"] == ["odd", "odd"]
    assert answer["probabilities"][0] == answer["probabilities"][1]


def test_a_missing_field_is_filled_in_where_the_manifest_says_so(client: httpx.Client) -> None:
    bodies: list[dict[str, Any]] = [LOAN | {"age": None}, {k: v for k, v in LOAN.items() if k != "age"}, {}]
    answer = client.post(LOANS, json={"instances": bodies}).json()
    assert answer["probabilities"][0] == answer["probabilities"][1]
    assert len(answer["predictions"]) == 3


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"age": "41"}, "instances[1].age is '41'; it must be a number"),
        ({"age": True}, "instances[1].age is true; it must be a number"),
        ({"age": [41]}, "instances[1].age is a list; it must be a number"),
        ({"age": 1e39}, "instances[1].age is 1e+39, which is not finite or does not fit in float32"),
        ({"age": 10**39}, "instances[1].age is an integer beyond 64 bits, which is not finite"),
        ({"age": 10**300}, "instances[1].age is 1e+300, which is not finite"),
        ({"job": 7}, "instances[1].job is 7; it must be a string, such as 'carpenter', 'driver'"),
        ({"note": {"text": "a"}}, "instances[1].note is an object; it must be a string"),
        ({"shoe": 1}, "instances[1] has a field 'shoe' that the model does not know; it takes 'age'"),
        ({f"f{i}": 1 for i in range(50)}, "instances[1] has 54 fields, more than the model takes"),
    ],
)
def test_a_wrong_field_is_a_422_that_names_it(
    client: httpx.Client, change: dict[str, Any], detail: str
) -> None:
    assert detail in problem(client.post(LOANS, json={"instances": [LOAN, LOAN | change]}), 422)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b'{"instances": [{"age": 1, "age": 2}]}', "instances[0] has the field 'age' twice"),
        (b'{"instances": [{"age": "\\ud800", "age": 2}]}', "an object with the field 'age' twice"),
        (b'{"instances": [{"age": NaN}]}', "the body holds NaN; numbers must be finite"),
        (b'{"instances": [{"age": -Infinity}]}', "the body holds -Infinity"),
        (b'{"instances": [{"age": 1e400}]}', "instances[0].age is inf, which is not finite"),
        (b'{"instances": [{"age": ' + b"9" * 5000 + b"}]}", "instances[0].age is inf"),
        (b'{"instances": [{"job": "\\ud800", "age": "\\ud800"}]}', "instances[0].age is '\\ud800'"),
        (b'{"instances": []}', "at least one row"),
        (b'{"instances": {}}', 'the body must be {"instances": [{...}, ...]}: a list of objects with'),
        (b'{"rows": []}', "the body must be"),
        (b"[]", "the body must be"),
        (b"3", "the body must be"),
        (b'{"instances": [{}], "model": 1}', "the body must be"),
        (b'{"instances": [[1, 2, 3]]}', "instances[0] is a list; the model takes objects with the fields"),
        (b'{"instances": ["a"]}', "instances[0] is 'a'; the model takes objects"),
        (b'{"instances": [{}, null]}', "instances[1] is null; the model takes objects"),
    ],
)
def test_a_wrong_body_is_a_422_that_says_what_is_right(
    client: httpx.Client, body: bytes, detail: str
) -> None:
    assert detail in problem(client.post(LOANS, content=body), 422)


@pytest.mark.parametrize("instance", [1, None, ["w0001"], {"code": "w0001"}, True])
def test_what_is_no_text_is_a_422_that_names_it(client: httpx.Client, instance: Any) -> None:
    told = problem(client.post(CODES, json={"instances": ["w0001", instance]}), 422)
    assert told.startswith("instances[1] is ")
    assert told.endswith("; the model takes texts, as strings")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"oil prices", b"\xff\xfe\0", b'{"instances": ["a"]} x', b"[" * 10**6]
)
def test_what_is_not_json_is_a_400(client: httpx.Client, body: bytes) -> None:
    for url in (LOANS, CODES):
        assert "not JSON" in problem(client.post(url, content=body), 400)


def test_raw_numbers_are_a_415(client: httpx.Client) -> None:
    told = problem(client.post(LOANS, content=b"\0" * 64, headers={"content-type": OCTETS}), 415)
    assert "application/octet-stream; this model takes JSON, " in told


def test_octets_out_are_given_to_objects_in(client: httpx.Client) -> None:
    answer = client.post(LOANS, json={"instances": [LOAN]}, headers={"accept": OCTETS})
    numbers = client.post(LOANS, json={"instances": [LOAN]}).json()["probabilities"][0]
    assert np.frombuffer(answer.content, "<f4").tolist() == pytest.approx(numbers)


def test_too_many_instances_are_a_413(client: httpx.Client) -> None:
    assert "201 rows" in problem(client.post(CODES, json={"instances": ["a"] * 201}), 413)
    assert client.post(CODES, json={"instances": ["a"] * 200}).status_code == 200


def test_a_body_of_nothing_but_brackets_costs_little_and_is_refused(client: httpx.Client) -> None:
    nested = b'{"instances": [{"age": [' + b",".join([b"[]"] * 500_000) + b"]}]}"
    assert "age is a list" in problem(client.post(LOANS, content=nested), 422)
    broken = b'{"instances": ["\\ud800", ' + b",".join([b"[]"] * 500_000) + b"]}"
    assert "not JSON, or not all of it" in problem(client.post(CODES, content=broken), 400)


@given(body=st.binary(max_size=200))
def test_no_bytes_at_all_give_a_500(client: httpx.Client, body: bytes) -> None:
    for url in (LOANS, CODES):
        assert 400 <= client.post(url, content=body).status_code < 500


LOOKS_RIGHT = st.lists(
    st.fixed_dictionaries({}, optional=dict.fromkeys(LOAN, JSON)) | JSON | st.text(max_size=20), max_size=3
)


@given(instances=LOOKS_RIGHT)
def test_no_json_at_all_gives_a_500(client: httpx.Client, instances: list[Any]) -> None:
    for url in (LOANS, CODES):
        response = client.post(url, content=json.dumps({"instances": instances}))
        if response.status_code != 200:
            assert problem(response, 422).startswith(("instances[", "there are no instances"))


def test_the_example_of_the_schema_is_an_object_and_runs(client: httpx.Client) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    example = operation["requestBody"]["content"]["application/json"]["example"]
    assert set(example["instances"][0]) == set(LOAN)
    assert client.post("/predict", json=example).status_code == 200


def test_models_say_what_their_fields_are(client: httpx.Client) -> None:
    found = {model["name"]: model["input"] for model in client.get("/models").json()["models"]}
    assert [field["name"] for field in found["loans"]["fields"]] == list(LOAN)
    assert found["codes"]["kind"] == "text"
    assert found["codes"]["fields"] == [{"name": "code", "missing": "refused", "kind": "text", "tokens": 1}]
