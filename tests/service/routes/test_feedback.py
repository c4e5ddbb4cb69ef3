"""POST /feedback over real HTTP, the ids that it takes, and what is shown of it and of the shadow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundle.bundle import Bundle
from bundle.normalizer import FloatArray
from tests.patience import wait_until
from tests.service.metrics_text import scrape
from tests.service.routes.test_predict import OCTETS, ROW, problem
from tests.service.routes.within import within


@pytest.fixture(scope="module")
def here(digits_alone: Path) -> Iterator[httpx.Client]:
    with within(
        digits_alone, preload=("float32", "int8"), shadow="int8=1", feedback_rows=50, max_rows=100
    ) as client:
        yield client


def ask(client: httpx.Client, rows: Any = (ROW,), **query: Any) -> httpx.Response:
    return client.post("/predict", params={"ids": "true"} | query, json={"instances": list(rows)})


def say(client: httpx.Client, document: Any) -> httpx.Response:
    return client.post("/feedback", json=document)


def test_an_answer_has_an_id_only_where_it_is_asked_for(here: httpx.Client) -> None:
    asked = ask(here)
    assert asked.json()["id"] == asked.headers["x-prediction-id"]
    for ids in ("false", None):
        answer = ask(here, ids=ids)
        assert "id" not in answer.json()
        assert "x-prediction-id" not in answer.headers


def test_octets_have_the_id_as_a_header(here: httpx.Client) -> None:
    headers = {"content-type": OCTETS, "accept": OCTETS}
    answer = here.post("/predict?ids=true", content=bytes(256), headers=headers)
    assert say(here, {"id": answer.headers["x-prediction-id"], "label": 3}).status_code == 200


def test_ids_of_every_protocol_are_taken(here: httpx.Client) -> None:
    tensor = {"name": "x", "datatype": "FP32", "shape": [2, 64], "data": ROW * 2}
    asked = {"inputs": [tensor], "parameters": {"ids": True}}
    answers = [
        here.post("/v2/models/digits/infer", json=asked),
        here.post("/v1/models/digits:predict?ids=true", json={"instances": [ROW, ROW]}),
    ]
    for answer in answers:
        name = answer.headers["x-prediction-id"]
        labels = [{"id": f"{name}.{row}", "label": 3} for row in (0, 1)]
        assert say(here, labels).json()["rows"] == 2


def test_ids_are_true_or_false(here: httpx.Client) -> None:
    assert problem(ask(here, ids="1"), 422) == "ids is '1'; it must be true or false"


def test_the_live_accuracy_of_a_variant_is_shown(here: httpx.Client, rows: FloatArray) -> None:
    answer = ask(here, rows.tolist(), variant="int8").json()
    right, wrong = answer["predictions"][0], (answer["predictions"][1] + 1) % 10
    labels = [{"id": f"{answer['id']}.0", "label": right}, {"id": f"{answer['id']}.1", "label": wrong}]
    assert say(here, labels).json() == {"rows": 2, "right": 1}
    (shown,) = [one for one in here.get("/variants").json()["feedback"] if one["variant"] == "int8"]
    assert (shown["trials"], shown["accuracy"], shown["alarm"]) == (2, 0.5, False)
    assert shown["low"] < 0.5 < shown["high"]
    assert shown["expected"]["low"] < shown["expected"]["value"] < shown["expected"]["high"]
    labelled = '{bound="low",model="digits",variant="int8",version="1"}'
    assert scrape(here, f"feedback_accuracy{labelled}") == pytest.approx(shown["low"])


def test_what_auto_has_chosen_is_what_counts(here: httpx.Client) -> None:
    answer = ask(here, variant="auto").json()
    assert answer["variant"] != "auto"
    assert say(here, {"id": answer["id"], "label": 0}).status_code == 200
    assert answer["variant"] in [one["variant"] for one in here.get("/variants").json()["feedback"]]


def test_the_agreement_with_the_shadow_is_shown(here: httpx.Client, rows: FloatArray) -> None:
    def found() -> Any:
        ask(here, rows[:2].tolist(), variant="float32")
        shown = here.get("/variants").json()["shadow"]
        return shown[0] if shown else None

    shown = wait_until(found)
    assert (shown["variant"], shown["shadow"]) == ("float32", "int8")
    assert shown["low"] <= shown["agreement"] <= shown["high"]
    assert shown["expected"] is not None
    labels = '{model="digits",shadow="int8",variant="float32",version="1"}'
    assert scrape(here, f"shadow_agreement_trials{labels}") >= shown["trials"]
    outcome = '{model="digits",outcome="compared",shadow="int8",variant="float32"}'
    assert scrape(here, f"shadow_requests_total{outcome}") >= shown["trials"]


@pytest.mark.parametrize(("primary", "shadow"), [("cascade", "int8"), ("int8", "cascade")])
def test_a_cascade_is_compared_and_labelled_as_any_variant(
    cascaded: Bundle, rows: FloatArray, primary: str, shadow: str
) -> None:
    with within(cascaded.folder.parents[1], preload=("cascade",), shadow=f"{shadow}=1") as client:

        def found() -> Any:
            answer = ask(client, rows.tolist(), variant=primary).json()
            assert say(client, {"id": f"{answer['id']}.0", "label": 3}).status_code == 200
            return client.get("/variants").json()["shadow"]

        (agreed,) = wait_until(found)
        assert (agreed["variant"], agreed["shadow"]) == (primary, shadow)
        (labelled,) = client.get("/variants").json()["feedback"]
        assert labelled["variant"] == primary
        assert labelled["expected"] is not None


def test_a_label_counts_once(here: httpx.Client) -> None:
    label = {"id": ask(here).json()["id"], "label": 3}
    assert say(here, label).status_code == 200
    assert "was said before" in problem(say(here, label), 409)


def test_an_answer_that_never_was_or_is_forgotten_is_not_found(here: httpx.Client) -> None:
    name = ask(here).json()["id"]
    made_up = name[:-1] + ("A" if name[-1] != "A" else "B")
    assert "there is no answer with the id" in problem(say(here, {"id": made_up, "label": 3}), 404)
    ask(here, [ROW] * 60)
    assert "is forgotten" in problem(say(here, {"id": name, "label": 3}), 404)


def test_a_label_that_the_model_does_not_have_is_refused(here: httpx.Client) -> None:
    for label in (10, "3"):
        refused = problem(say(here, {"id": ask(here).json()["id"], "label": label}), 422)
        assert "is none of the model's: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9" in refused


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b"[" * 5000, 422),
        (b"[]", 422),
        (b"3", 422),
        (b"{}", 422),
        (b'{"id": "x"}', 422),
        (b'{"id": 3, "label": 3}', 422),
        (b'{"id": "x", "label": true}', 422),
        (b'{"id": "x", "label": 3.5}', 422),
        (b'{"id": "x", "label": null}', 422),
        (b'{"id": "x", "label": 3, "row": 1}', 422),
        (b'[{"id": "x", "label": 3}, 3]', 422),
        (b'{"id": "\\ud800", "label": 3}', 400),
        (b" " * 70_000, 413),
    ],
)
def test_a_body_that_is_none_is_a_problem(here: httpx.Client, body: bytes, status: int) -> None:
    assert problem(here.post("/feedback", content=body), status)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["id", "label", "x"]), inner),
    max_leaves=6,
)


@given(_values | st.binary())
def test_no_body_is_an_error_of_ours(here: httpx.Client, body: Any) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = here.post("/feedback", content=content)
    assert answer.status_code in (400, 404, 422)
    problem(answer, answer.status_code)


def test_there_is_nothing_to_get(here: httpx.Client) -> None:
    assert problem(here.get("/feedback"), 405)


def test_the_schema_shows_how_labels_are_said(here: httpx.Client) -> None:
    schema = here.get("/openapi.json").json()
    shown = schema["paths"]["/feedback"]["post"]
    assert {"200", "400", "404", "409", "413", "422"} <= set(shown["responses"])
    for example in shown["requestBody"]["content"]["application/json"]["examples"].values():
        assert problem(say(here, example["value"]), 404)
