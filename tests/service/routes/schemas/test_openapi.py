"""The schema shows every protocol's predictions, is true, and its examples run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from bundle.bundle import Bundle
from bundle.example import example
from bundle.store import ModelStore
from service.routes.schemas import native, open_inference, tensorflow_serving
from service.routes.schemas.example import Example
from service.wire.wish import WISHES

PREDICTIONS = {
    "/predict": "PredictResponse",
    "/v2/models/{model}/infer": "InferResponse",
    "/v1/models/{model}:predict": "ServingPredictResponse",
    "/v1/models/{model}:classify": "ServingClassifyResponse",
}


@pytest.fixture(scope="module")
def schema(client: httpx.Client) -> dict[str, Any]:
    answer: dict[str, Any] = client.get("/openapi.json").json()
    return answer


def examples(paths: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Yield each address that predicts, with the example's model in it, a query, and a body.

    Of each body that is shown there is one without a query, and one with all that is shown of it.
    """
    for path in PREDICTIONS.keys() & paths.keys():
        operation = paths[path]["post"]
        shown = operation["requestBody"]["content"]["application/json"]
        bodies = [one["value"] for one in shown.get("examples", {}).values()]
        for body in [*bodies, *([shown["example"]] if "example" in shown else [])]:
            given = [one for one in operation["parameters"] if "example" in one]
            named = {one["name"]: one["example"] for one in given if one["in"] == "path"}
            query = {one["name"]: one["example"] for one in given if one["in"] == "query"}
            yield path.format(**named), {}, body
            if query:
                yield path.format(**named), query, body


def test_all_addresses_are_shown(schema: dict[str, Any]) -> None:
    own = {"/models", "/variants", "/health/live", "/health/ready", "/metrics", "/feedback", "/select"}
    assert own | set(PREDICTIONS) <= set(schema["paths"])
    assert {"/v1/models/{model}", "/v1/models/{model}/metadata"} <= set(schema["paths"])
    parameters = {parameter["name"] for parameter in schema["paths"]["/predict"]["post"]["parameters"]}
    assert parameters == {"variant", "model", "version", "timeout_ms", "ids", *WISHES}
    for verb in ("predict", "classify"):
        serving = schema["paths"][f"/v1/models/{{model}}:{verb}"]["post"]["parameters"]
        assert {parameter["name"] for parameter in serving} == {"model", "ids", *WISHES}
    for path in PREDICTIONS:
        assert {"400", "404", "413", "503", "504"} <= set(schema["paths"][path]["post"]["responses"])


def test_every_example_runs_and_is_answered_as_promised(client: httpx.Client, schema: dict[str, Any]) -> None:
    posted = list(examples(schema["paths"]))
    assert {path.replace("digits", "{model}") for path, *_ in posted} == set(PREDICTIONS)
    for path, query, body in posted:
        answer = client.post(path, params=query, json=body)
        assert answer.status_code == 200, (path, answer.text)
        is_chosen = bool(query or body.get("parameters"))
        assert ("x-variant-reason" in answer.headers) == is_chosen, (path, query)
        promised = schema["components"]["schemas"][PREDICTIONS[path.replace("digits", "{model}")]]
        assert set(promised.get("required", [])) <= set(answer.json()) <= set(promised["properties"])


@pytest.mark.parametrize("name", ["loans", "codes"])
def test_the_examples_of_texts_and_tables_run(fields: httpx.Client, field_models: Path, name: str) -> None:
    manifest = ModelStore(field_models).open(name).manifest
    of = Example(name, manifest.input, example(manifest))
    shown = native.paths(of) | open_inference.paths(of) | tensorflow_serving.paths(of)
    for path, query, body in examples(shown):
        answer = fields.post(path, params=query | ({"model": name} if path == "/predict" else {}), json=body)
        assert answer.status_code == 200, (path, answer.text)


def test_the_states_and_the_metadata_of_a_model_are_as_shown(
    client: httpx.Client, schema: dict[str, Any]
) -> None:
    for ending, name in {"": "ServingStatus", "/metadata": "ServingMetadata"}.items():
        shown = schema["components"]["schemas"][name]["properties"]
        assert set(client.get(f"/v1/models/digits{ending}").json()) == set(shown)


def test_the_example_of_the_schema_is_no_row_of_anybody(schema: dict[str, Any], digits: Bundle) -> None:
    operation = schema["paths"]["/predict"]["post"]
    (row,) = operation["requestBody"]["content"]["application/json"]["example"]["instances"]
    assert not (digits.test_set()[0] == np.array(row, np.float32)).all(axis=1).any()


def test_every_reference_in_the_schema_leads_somewhere(client: httpx.Client, schema: dict[str, Any]) -> None:
    text = client.get("/openapi.json").text
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(schema["components"]["schemas"])


def test_no_two_operations_have_one_name(schema: dict[str, Any]) -> None:
    names = [
        operation["operationId"]
        for operations in schema["paths"].values()
        for operation in operations.values()
        if "operationId" in operation
    ]
    assert len(set(names)) == len(names)


def test_the_documentation_page_is_there(client: httpx.Client) -> None:
    assert "swagger" in client.get("/docs").text
