"""Whose word counts where the variant is left to the service: the request's, its file's, the operator's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.patience import wait_until
from tests.service.routes.test_predict import ROW, problem
from tests.service.routes.within import within

# Of one that nobody would choose who might choose another.
POLICY = 'default_variant = "auto"\nvariants = ["weight_int4"]\nmin_accuracy = 0.5\n'


def lay_down(store: Path, content: str) -> None:
    """Put a policy into the place of the former, whole at once."""
    fresh = store / "digits" / "fresh.toml"
    fresh.write_text(content)
    os.utime(fresh, (0, 0))  # it is not on its way any more
    fresh.rename(fresh.with_name("policy.toml"))


@pytest.fixture(scope="module")
def store(digits_alone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("with-policy")
    shutil.copytree(digits_alone / "digits", store / "digits")
    lay_down(store, POLICY)
    return store


@pytest.fixture(scope="module")
def here(store: Path) -> Iterator[httpx.Client]:
    """A service whose flags say one thing, and the file of its model another."""
    with within(store, default_variant="int8", auto_floor=0.25, reload_s=0.02) as client:
        yield client


def ask(client: httpx.Client, **query: Any) -> httpx.Response:
    return client.post("/predict", params=query, json={"instances": [ROW]})


def test_a_request_comes_before_the_file_and_the_file_before_the_flags(here: httpx.Client) -> None:
    answer = ask(here)
    assert (answer.json()["variant"], answer.headers["x-variant-reason"]) == ("weight_int4", "pinned")
    assert ask(here, variant="float32").json()["variant"] == "float32"
    assert problem(ask(here, min_accuracy=1), 422)


def test_what_the_file_leaves_out_is_no_candidate(here: httpx.Client) -> None:
    selected = here.post("/select", json={"rows": 8}).json()
    whys = {one["variant"]: one["why_not"] for one in selected["candidates"]}
    assert whys["float32"] == "the policy leaves it out"
    assert whys[selected["variant"]] is None


def test_the_policy_is_shown_with_what_is_wrong_and_changes_while_the_service_runs(
    here: httpx.Client, store: Path
) -> None:
    (told,) = here.get("/models").json()["models"]
    policy = {
        "default_variant": "auto",
        "variants": ["weight_int4"],
        "min_accuracy": 0.5,
        "max_latency_ms": None,
        "objective": "accuracy",
    }
    assert told["policy"] == policy | {"problem": None}
    assert told["default_variant"] == here.get("/variants").json()["default"] == "auto"
    lay_down(store, "min_accuracy = 1")

    def shown() -> Any:
        return here.get("/models").json()["models"][0]["policy"]

    wrong = wait_until(lambda: shown()["problem"])
    assert wrong.startswith(
        "digits/policy.toml: min_accuracy is 1.0; no variant that auto may choose reaches it"
    )
    assert shown() == policy | {"problem": wrong}
    assert ask(here).status_code == 200
    lay_down(store, "objective = 'latency'")
    wait_until(lambda: shown()["objective"] == "latency")
    assert (shown()["default_variant"], shown()["min_accuracy"]) == ("int8", 0.25)
    lay_down(store, POLICY)
    wait_until(lambda: shown()["default_variant"] == "auto")
