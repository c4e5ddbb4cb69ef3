"""What the service says of itself and its models in the Open Inference Protocol, and loads and unloads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from bundle.bundle import Bundle
from bundle.normalizer import FloatArray
from tests.running_service import RunningService
from tests.service.routes.test_open_inference import FIELDS, INT8, answered, infer, refused
from tests.service.routes.within import within
from tests.service.wire.open_inference.requests import json_of, vector


@pytest.mark.parametrize("path", ["/v2", "/v2/health/live", INT8, f"{INT8}/ready", f"{INT8}/infer"])
def test_nothing_else_than_get_or_post_is_taken(client: httpx.Client, path: str) -> None:
    for method in ("HEAD", "OPTIONS", "PUT", "DELETE"):
        response = client.request(method, path)
        assert response.status_code == 405
        assert response.headers["allow"] == ("POST" if path.endswith("infer") else "GET")


def test_the_service_says_what_it_is_and_how_it_is(client: httpx.Client) -> None:
    told = client.get("/v2").json()
    assert told["name"] == "precision-ladder"
    assert told["version"] == client.get("/openapi.json").json()["info"]["version"]
    assert {"binary_tensor_data", "classification", "statistics"} <= set(told["extensions"])
    for path in ("/v2/health/live", "/v2/health/ready"):
        assert client.get(path).json() == {"live": True, "ready": True}


@pytest.mark.parametrize("path", [INT8, f"{INT8}/versions/1"])
def test_a_variant_says_under_its_own_name_what_it_takes_and_gives(client: httpx.Client, path: str) -> None:
    assert client.get(path).json() == {
        "name": "digits~int8",
        "versions": ["1"],
        "platform": "litert",
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 64]}],
        "outputs": [
            {"name": "label", "datatype": "INT64", "shape": [-1, 1]},
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]},
        ],
    }
    config = client.get(f"{path}/config").json()
    assert (config["name"], config["max_batch_size"]) == ("digits~int8", 200)
    assert config["input"] == [{"name": "x", "data_type": "TYPE_FP32", "dims": [64], "optional": False}]
    assert [one["data_type"] for one in config["output"]] == ["TYPE_INT64", "TYPE_FP32"]


def test_texts_and_tables_say_their_inputs(fields: httpx.Client) -> None:
    assert fields.get("/v2/models/codes").json()["inputs"] == [
        {"name": "text", "datatype": "BYTES", "shape": [-1, 1]}
    ]
    inputs = fields.get("/v2/models/loans").json()["inputs"]
    assert {one["name"]: one["datatype"] for one in inputs} == FIELDS
    assert fields.get("/v2/models/loans/config").json()["input"][0]["optional"] is True


@pytest.mark.parametrize("ending", ["", "/ready", "/config", "/stats"])
def test_what_there_is_not_is_not_found(client: httpx.Client, ending: str) -> None:
    for model in ("nobody", "digits~int3", "digits/versions/9", "digits/versions/one", "~", "digits~int8~"):
        assert client.get(f"/v2/models/{model}{ending}").status_code == 404
        refused(client.get(f"/v2/models/{model}{ending}"), 404)
    refused(client.get(f"{INT8}{ending}/"), 404)


def test_statistics_rise_with_each_request(client: httpx.Client, rows: FloatArray) -> None:
    def counted(path: str, name: str) -> dict[str, Any]:
        found = [one for one in client.get(path).json()["model_stats"] if one["name"] == name]
        assert len(found) == 1
        assert found[0]["version"] == "1"
        return dict(found[0])

    for path in (f"{INT8}/stats", f"{INT8}/versions/1/stats", "/v2/models/stats"):
        before = counted(path, "digits~int8")
        for _ in range(3):
            answered(infer(client, INT8, json_of(vector([9, 64], rows.ravel().tolist()))))
        infer(client, INT8, json_of(vector([1, 64], [0])))
        after = counted(path, "digits~int8")
        assert after["inference_count"] - before["inference_count"] == 27
        assert after["execution_count"] - before["execution_count"] == 3
        grew = {
            kind: after["inference_stats"][kind]["count"] - before["inference_stats"][kind]["count"]
            for kind in after["inference_stats"]
        }
        parts = ("success", "queue", "compute_input", "compute_infer", "compute_output")
        assert grew == {"fail": 1, **dict.fromkeys(parts, 3)}
        assert after["inference_stats"]["success"]["ns"] > before["inference_stats"]["success"]["ns"]
    assert counted("/v2/models/digits/stats", "digits")["inference_count"] >= 0


def index(client: httpx.Client, **fields: Any) -> dict[str, tuple[str, str]]:
    rows = client.post("/v2/repository/index", json=fields).json()
    assert {row["version"] for row in rows} == {"1"}
    return {row["name"]: (row["state"], row["reason"]) for row in rows}


def test_the_index_has_each_variant_and_its_state(client: httpx.Client, digits: Bundle) -> None:
    rows = index(client)
    names = {f"digits~{variant.name}" for variant in digits.manifest.variants}
    assert {"digits", "breast_cancer", *names} <= rows.keys()
    assert rows["digits"] == rows["digits~int8"] == ("READY", "")
    assert all(state == "READY" for state, _ in index(client, ready=True).values())
    assert client.post("/v2/repository/index").status_code == 200


def test_a_variant_is_unloaded_until_it_is_loaded(client: httpx.Client) -> None:
    path, repository = (f"/v2/{kind}/breast_cancer~float16" for kind in ("models", "repository/models"))
    row = json_of(vector([1, 30], [0] * 30))
    for load in (f"{repository}/load", f"{path}/infer"):
        unload = client.post(
            "/v2/repository/models/breast_cancer~float16/unload",
            json={"parameters": {"unload_dependents": False}},
        )
        assert unload.status_code == 200
        response = client.get(f"{path}/ready")
        assert "not loaded" in refused(response, 503)
        assert (response.json()["name"], response.json()["ready"]) == ("breast_cancer~float16", False)
        assert index(client)["breast_cancer~float16"][0] == "UNAVAILABLE"
        assert "breast_cancer~float16" not in index(client, ready=True)
        assert client.post(load, content=row if load == f"{path}/infer" else b"{}").status_code == 200
        assert client.get(f"{path}/ready").json() == {"name": "breast_cancer~float16", "ready": True}


def test_what_cannot_be_done_to_the_repository_is_said(client: httpx.Client) -> None:
    load = "/v2/repository/models/digits/load"
    assert "without parameters" in refused(client.post(load, json={"parameters": {"config": "{}"}}), 501)
    assert "not JSON" in refused(client.post(load, content=b"{"), 400)
    assert "must be a JSON object" in refused(client.post("/v2/repository/index", content=b"[]"), 400)
    assert "longer than" in refused(client.post(load, content=b" " * 100_000), 413)


def test_where_workers_are_several_none_loads_for_all(digits_alone: Path) -> None:
    with within(digits_alone, workers=2, preload=("int8",)) as client:
        for what in ("load", "unload"):
            told = refused(client.post(f"/v2/repository/models/digits~int8/{what}"), 501)
            assert "several workers" in told
        rows = json_of(vector([1, 64], [0] * 64))
        assert infer(client, INT8, rows).status_code == 200


def test_no_address_of_the_protocol_sends_anybody_elsewhere(service: RunningService) -> None:
    for path in ("/v2/", "/v2/models/digits/", "/v2/health/live/", "/v2/models/stats/"):
        assert service.client.get(path, follow_redirects=False).status_code == 404
