"""A service that a proxy knows by a prefix: every protocol is spoken below it, and refuses below it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.routes.place import place
from tests.service.routes.within import within

TENSOR = {"name": "x", "datatype": "FP32", "shape": [1, 64], "data": [0.0] * 64}
INSTANCES = {"instances": [[0.0] * 64]}


@pytest.fixture(scope="module")
def below(digits_alone: Path) -> Iterator[httpx.Client]:
    with within(digits_alone, root_path="/under", preload=("float32",)) as client:
        yield client


@pytest.mark.parametrize(
    ("predict", "body", "nowhere", "refused"),
    [
        ("/predict", INSTANCES, "/nothing", "detail"),
        ("/v1/models/digits:predict", INSTANCES, "/v1/nothing", "error"),
        ("/v2/models/digits/infer", {"inputs": [TENSOR]}, "/v2/nothing", "error"),
    ],
)
def test_every_protocol_is_spoken_below_a_prefix(
    below: httpx.Client, predict: str, body: dict[str, object], nowhere: str, refused: str
) -> None:
    answer = below.post(predict, content=json.dumps(body))
    assert answer.status_code == 200, answer.text
    wrong = below.post(predict, content=b"{")
    assert (wrong.status_code, refused in wrong.json()) == (400, True), wrong.text
    assert refused in below.get(nowhere).json()
    assert below.get(predict).status_code == 405


@pytest.mark.parametrize(
    ("root", "path", "below_it"),
    [
        ("", "/predict", "/predict"),
        ("/under", "/under/predict", "/predict"),
        ("/under", "/predict", "/predict"),
        ("/under", "/underground/predict", "/underground/predict"),
    ],
)
def test_a_prefix_is_taken_off_once_and_whole(root: str, path: str, below_it: str) -> None:
    assert place({"type": "http", "path": path, "root_path": root}) == below_it
