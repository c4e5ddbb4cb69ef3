"""POST /select: what would answer, and why not the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bundle.bundle import Bundle
from service.engine.ladder import level
from tests.patience import wait_until
from tests.service.routes.test_predict import ROW, problem
from tests.service.routes.within import within

LOADED = ("float32", "int8")


@pytest.fixture(scope="module")
def here(digits_alone: Path) -> Iterator[httpx.Client]:
    """A service in which nothing is in the way, however long the machine keeps it waiting.

    Nor does it forget between two requests what it has learned of costs.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(level, "_LOOK_S", 1e6)
        with within(digits_alone, preload=LOADED, max_rows=100, max_wait_ms=1e6) as client:
            yield client


def select(client: httpx.Client, rows: int = 1, **bounds: Any) -> dict[str, Any]:
    answer = client.post("/select", params=bounds, json={"rows": rows})
    assert answer.status_code == 200, answer.text
    selected: dict[str, Any] = answer.json()
    return selected


@pytest.mark.parametrize(
    "bounds", [{}, {"objective": "latency"}, {"max_latency_ms": 1e6, "min_accuracy": 0.5}]
)
def test_it_is_what_answers(here: httpx.Client, digits: Bundle, bounds: dict[str, Any]) -> None:
    def is_the_same() -> bool:  # sooner or later: between the two, what a call costs may be learned anew
        selected = select(here, **bounds)
        accuracy = digits.variant(selected["variant"]).scores.accuracy
        assert selected["expected_accuracy"] == accuracy
        answered = here.post("/predict", params={"variant": "auto"} | bounds, json={"instances": [ROW]})
        said = answered.json()["variant"], answered.headers["x-variant-reason"]
        return (selected["variant"], selected["reason"]) == said

    wait_until(is_the_same)


def test_every_variant_is_there_with_what_is_known_of_it_and_why_not(
    here: httpx.Client, digits: Bundle
) -> None:
    selected = select(here, 32, max_latency_ms=1e6)
    candidates = {one["variant"]: one for one in selected["candidates"]}
    assert list(candidates)[: len(LOADED)] == sorted(
        LOADED, key=lambda name: -digits.variant(name).scores.accuracy_low
    )
    assert set(candidates) == {variant.name for variant in digits.manifest.variants}
    for name, one in candidates.items():
        scores = digits.variant(name).scores
        assert (one["accuracy"], one["accuracy_low"]) == (scores.accuracy, scores.accuracy_low)
        assert (one["why_not"] is None) == (name == selected["variant"])
        if name in LOADED:
            assert one["cost_ms"] > 0
            assert one["wait_ms"] >= 0
        else:
            assert one["why_not"] == "it is not loaded"


def test_nothing_is_run(here: httpx.Client) -> None:
    before = here.get("/metrics").text
    select(here, 100)
    calls = [line for line in before.splitlines() if line.startswith("batch_rows_count")]
    assert calls == [line for line in here.get("/metrics").text.splitlines() if line in calls]


def test_what_none_could_ever_answer_is_a_422_with_the_reason_of_each(here: httpx.Client) -> None:
    answer = here.post("/select", params={"max_latency_ms": 1e-3, "min_accuracy": 0.1}, json={"rows": 100})
    refused = problem(answer, 422)
    assert refused.startswith(
        "no variant can answer 100 rows within 0.001 ms with an accuracy of 0.1 or more: "
    )
    for name in LOADED:
        assert f"{name}: it takes" in refused


@pytest.mark.parametrize(
    ("body", "query", "status", "words"),
    [
        (b"{", "", 400, "not JSON"),
        (b"[1]", "", 422, "JSON object"),
        (b'{"rows": 0}', "", 422, "rows is '0'; it must be a whole number above 0"),
        (b'{"rows": true}', "", 422, "whole number"),
        (b'{"rows": 2.5}', "", 422, "whole number"),
        (b'{"rows": 101}', "", 413, "101 rows; at most 100"),
        (b'{"row": 1}', "", 422, "'row' is not known"),
        (b'{"instances": [], "rows": 1}', "", 422, "fields are two"),
        (b'{"instances": []}', "", 422, "rows is '0'"),
        (b'{"instances": 7}', "", 422, "instances must be a list"),
        (b"", "?variant=int8", 422, "variant is 'int8'"),
        (b"", "?model=other", 404, "other"),
        (b"", "?version=77", 404, "no version 77"),
        (b"", "?speed=1", 422, "'speed' is not known"),
        (b"", "?min_accuracy=2", 422, "min_accuracy is '2'"),
    ],
)
def test_what_is_wrong_is_said(here: httpx.Client, body: bytes, query: str, status: int, words: str) -> None:
    assert words in problem(here.post(f"/select{query}", content=body), status)


def test_a_body_that_says_nothing_means_one_row(here: httpx.Client) -> None:
    answer = here.post("/select?variant=auto")
    assert (answer.status_code, answer.json()["rows"]) == (200, 1)


def test_a_body_that_is_meant_for_predict_is_counted(here: httpx.Client) -> None:
    answer = here.post("/select", json={"instances": [ROW] * 3})
    assert (answer.status_code, answer.json()["rows"]) == (200, 3)


def test_it_is_shown_as_it_is_and_its_example_runs(here: httpx.Client) -> None:
    shown = here.get("/openapi.json").json()["paths"]["/select"]["post"]
    body = shown["requestBody"]["content"]["application/json"]["example"]
    query = {one["name"]: one["example"] for one in shown["parameters"] if "example" in one}
    assert set(query) >= {"max_latency_ms", "min_accuracy", "objective", "fallback"}
    assert here.post("/select", params=query, json=body).status_code == 200
    assert {"400", "404", "413", "422", "503"} <= set(shown["responses"])
