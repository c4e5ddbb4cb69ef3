"""What the service says of itself is true."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bundle.bundle import Bundle
from tests.service.routes.within import within

STAMP = 1732550000123


@pytest.fixture(scope="module")
def lean(models: Path) -> Iterator[httpx.Client]:
    """A service with one variant loaded of each of two models, neither of which is the default."""
    with within(models, preload=("int8",)) as client:
        yield client


def test_models_are_listed_with_what_a_client_needs(client: httpx.Client, digits: Bundle) -> None:
    answer = client.get("/models").json()
    assert answer["default"] == "digits"
    found = {model["name"]: model for model in answer["models"]}
    assert set(found) == {"breast_cancer", "digits"}
    assert found["digits"]["version"] == 1
    assert found["digits"]["labels"] == list(range(10))
    assert found["digits"]["input"]["shape"] == [8, 8]
    assert found["digits"]["versions"] == [{"version": 1, "state": "serving", "detail": None}]
    assert len(found["breast_cancer"]["input"]["feature_names"]) == 30


def test_variants_are_listed_with_their_size_and_accuracy(client: httpx.Client, digits: Bundle) -> None:
    answer = client.get("/variants").json()
    assert (answer["model"], answer["version"], answer["default"]) == ("digits", 1, "float32")
    assert (answer["reference"], answer["truth"]) == ("float32", "labels")
    for listed, variant in zip(answer["variants"], digits.manifest.variants, strict=True):
        assert listed["name"] == variant.name
        assert listed["format"] == variant.format
        assert listed["bytes"] == variant.bytes
        assert listed["accuracy"] == variant.scores.accuracy
        assert listed["accuracy_low"] <= listed["accuracy"] <= listed["accuracy_high"]
        assert listed["test_rows"] == variant.scores.rows


def test_variants_of_another_model_are_asked_for_by_name(client: httpx.Client) -> None:
    assert client.get("/variants?model=breast_cancer&version=1").json()["model"] == "breast_cancer"


@pytest.mark.parametrize(("query", "status"), [("model=x", 404), ("version=9", 404), ("version=x", 422)])
def test_variants_of_nothing_are_a_problem(client: httpx.Client, query: str, status: int) -> None:
    response = client.get(f"/variants?{query}")
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


def test_a_variant_is_loaded_at_the_start_or_when_first_asked_for(lean: httpx.Client) -> None:
    def states() -> dict[str, str]:
        return {v["name"]: v["state"] for v in lean.get("/variants?model=digits").json()["variants"]}

    loaded = {name for name, state in states().items() if state == "loaded"}
    assert loaded == {"int8"}
    assert states()["float16"] == "available"
    body = {"instances": [[0.0] * 64]}
    assert lean.post("/predict?model=digits&variant=float16", json=body).status_code == 200
    assert states()["float16"] == "loaded"


def test_where_there_are_several_models_one_must_be_named(lean: httpx.Client) -> None:
    response = lean.post("/predict", json={"instances": [[0.0] * 64]})
    assert response.status_code == 404
    assert "say which with ?model=; there are: breast_cancer, digits" in response.json()["detail"]
    assert lean.get("/models").json()["default"] is None


@pytest.fixture(scope="module")
def stamped(digits: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service of a model whose version is a time stamp, and whose held-out rows were left behind."""
    folder = tmp_path_factory.mktemp("stamped")
    version = Path(shutil.copytree(digits.folder, folder / "models" / "m" / str(STAMP)))
    for file in digits.manifest.held_out_files:
        (version / file.path).unlink()
    with within(folder / "models", preload=("int8",)) as client:
        yield client


def test_a_version_that_is_a_time_stamp_is_asked_for_by_it(stamped: httpx.Client) -> None:
    body = {"instances": [[0.0] * 64]}
    answer = stamped.post(f"/predict?variant=int8&version={STAMP}", json=body)
    assert (answer.status_code, answer.json()["version"]) == (200, STAMP)
    assert stamped.get(f"/variants?version={STAMP}").json()["version"] == STAMP
    assert stamped.get("/models").json()["models"][0]["version"] == STAMP


@pytest.mark.parametrize("value", [str(2**63), "-1", "1" * 5000])
def test_a_version_beyond_64_bits_is_a_problem(stamped: httpx.Client, value: str) -> None:
    assert stamped.get(f"/variants?version={value}").status_code == 422


def test_the_service_runs_without_the_held_out_rows(stamped: httpx.Client) -> None:
    operation = stamped.get("/openapi.json").json()["paths"]["/predict"]["post"]
    example = operation["requestBody"]["content"]["application/json"]["example"]
    assert stamped.post("/predict?variant=int8", json=example).status_code == 200
    assert stamped.get("/health/ready").status_code == 200
    assert {one["here"] for one in stamped.get("/variants").json()["variants"]} == {None}
