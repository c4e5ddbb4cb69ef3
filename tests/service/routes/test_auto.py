"""POST /predict with the variant left to the service: the best that holds the caller's bounds answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bundle.bundle import Bundle
from tests.patience import wait_until
from tests.service.routes.test_predict import OCTETS, ROW, problem
from tests.service.routes.within import within


@pytest.fixture(scope="module")
def here(digits_alone: Path) -> Iterator[httpx.Client]:
    """A service in which nothing is in the way, however long the machine keeps it waiting."""
    with within(digits_alone, max_wait_ms=1e6) as client:
        yield client


def ask(client: httpx.Client, **bounds: Any) -> httpx.Response:
    return client.post("/predict", params=bounds, json={"instances": [ROW]})


@pytest.mark.parametrize("bounds", [{"variant": "auto"}, {"max_latency_ms": 1e6}, {"min_accuracy": 0.5}])
def test_the_most_accurate_that_is_loaded_answers_where_nothing_is_in_its_way(
    here: httpx.Client, digits: Bundle, bounds: dict[str, Any]
) -> None:
    lite = [variant for variant in digits.manifest.variants if variant.format == "tflite"]
    most = max(variant.scores.accuracy for variant in lite)

    def unhindered() -> httpx.Response | None:  # which a machine that is busy with other things may be seldom
        answer = ask(here, **bounds)
        assert answer.status_code == 200, answer.text
        return answer if answer.headers["x-variant-reason"] == "accuracy" else None

    answer = wait_until(unhindered)
    assert digits.variant(answer.json()["variant"]).scores.accuracy == most
    assert float(answer.headers["x-expected-accuracy"]) == pytest.approx(most, abs=1e-4)


def test_octets_say_which_variant_it_was(here: httpx.Client) -> None:
    answer = here.post("/predict?variant=auto", content=bytes(256), headers={"content-type": OCTETS})
    assert answer.json()["variant"] != "auto"


def test_a_variant_that_is_named_has_no_reason(here: httpx.Client) -> None:
    assert "x-variant-reason" not in ask(here, variant="int8").headers


def test_bounds_beside_a_variant_that_is_named_are_refused(here: httpx.Client) -> None:
    assert "leaves it to the service" in problem(ask(here, variant="int8", max_latency_ms=5), 422)


def test_a_floor_that_no_variant_reaches_is_a_422(here: httpx.Client) -> None:
    refused = problem(ask(here, min_accuracy=1), 422)
    assert refused.startswith("no variant can answer 1 row with an accuracy of 1 or more: ")
    assert "int8: its accuracy may be as low as 0." in refused


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_latency_ms", "0"),
        ("max_latency_ms", "soon"),
        ("max_latency_ms", "nan"),
        ("min_accuracy", "1.01"),
        ("min_accuracy", "-0.1"),
        ("min_accuracy", "95%"),
        ("objective", "fast"),
        ("fallback", "yes"),
    ],
)
def test_a_bound_that_is_none_is_refused_with_what_is_allowed(
    here: httpx.Client, name: str, value: str
) -> None:
    refused = problem(ask(here, variant="auto", **{name: value}), 422)
    assert refused.startswith(f"{name} is '{value}'; it must")
