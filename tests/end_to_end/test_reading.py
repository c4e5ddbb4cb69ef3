"""What training reads in a table, the service reads in a request: the same row, whatever a column holds."""

from __future__ import annotations

import csv
import json
from typing import Any

import numpy as np
import pytest

from bundle.bundle import Bundle
from bundle.store import ModelStore
from service.errors import InvalidRequestError
from service.wire.native import Codec, ask, bind
from service.wire.signature import Signature
from tests.conftest import TrainAll
from training.config import DataConfig, TrainConfig
from training.data.rescoring import load_like, rows_like

COLUMNS = ("count", "size", "price", "code", "zip", "job", "city", "on", "country", "note", "y")
# Each row as it is written in the file, and the same as clients send it: from a table's reader that keeps
# words as they are, or from one that makes numbers and booleans of them.
ROWS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (
        ("3", "1.1", "1,234.5", "007", "01234", " nurse", "Z\u00fcrich", "True", "NA", "Fine day", "yes"),
        {
            "count": 3,
            "size": 1.1,
            "price": 1234.5,
            "code": 7,
            "zip": "01234",
            "job": " nurse",
            "city": "Zu\u0308rich",
            "on": True,
            "country": "NA",
            "note": "Fine day",
        },
    ),
    (
        ("9007199254740993", "1e-3", "$12", "120", "1", "nurse ", "Bern", "false", "DE", "fine  DAY", "no"),
        {
            "count": 9007199254740993,
            "size": 0.001,
            "price": 12.0,
            "code": 120.0,
            "zip": " 1 ",
            "job": "nurse",
            "city": "Bern\u00a0",
            "on": "FALSE",
            "country": "DE",
            "note": "fine  DAY",
        },
    ),
    (
        ("", "", "", "", "", "smith", " ", "", "", "", "yes"),
        {"count": None, "size": "", "zip": None, "job": "smith", "city": " ", "on": "", "note": ""},
    ),
    (
        ("-1", " 0.30000001", "12 %", "+5", "1.0", "smith", "Zu\u0308rich", " TRUE", "FR", "day", "no"),
        {
            "count": -1,
            "size": 0.30000001,
            "price": 12,
            "code": 5,
            "zip": "1.0",
            "job": "smith\t",
            "city": "Z\u00fcrich",
            "on": 1,
            "country": "FR",
            "note": "day",
        },
    ),
]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    path = tmp_path_factory.mktemp("reading") / "kinds.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerows(row for row, _ in ROWS * 12)
    return TrainConfig(
        data=str(path),
        label="y",
        text=("note",),
        category=("zip", "country"),
        numeric=("price", "code"),
        missing="fill",
        epochs=1,
        variants=("float32",),
    )


@pytest.fixture(scope="module")
def bundle(train_once: TrainAll, config: TrainConfig) -> Bundle:
    return ModelStore(train_once("kinds", {"kinds": config})).open("kinds")


@pytest.fixture(scope="module")
def codec(bundle: Bundle) -> Codec:
    manifest = bundle.manifest
    signature = Signature("kinds", 1, "float32", manifest.input, bundle.encoder(), manifest.labels)
    return bind(signature, max_rows=100)


def served(codec: Codec, instances: list[Any]) -> list[list[float]]:
    body = json.dumps({"instances": instances}).encode()
    rows: list[list[float]] = np.asarray(
        codec.decode(ask("/predict", b"", []), body).rows, np.float32
    ).tolist()
    return rows


def test_a_row_is_the_same_to_training_and_to_the_service_whatever_its_columns_hold(
    bundle: Bundle, codec: Codec, config: TrainConfig
) -> None:
    read = rows_like(load_like(DataConfig(data=config.data, label="y"), bundle), bundle).x[: len(ROWS)]
    sent = [instance for _, instance in ROWS]
    for written, row, there in zip(ROWS, read.tolist(), served(codec, sent), strict=True):
        assert row == there, written
    assert {field.name: field.kind for field in bundle.manifest.input.fields or ()} == {
        **dict.fromkeys(("count", "size", "price", "code"), "number"),
        **dict.fromkeys(("zip", "job", "city", "country"), "category"),
        "on": "boolean",
        "note": "text",
    }


def test_the_rows_that_a_bundle_was_tested_on_are_those_that_it_would_be_sent(
    bundle: Bundle, codec: Codec
) -> None:
    instances = bundle.test_instances()
    assert instances
    assert served(codec, instances) == bundle.test_set()[0].tolist()


@pytest.mark.parametrize(
    "change", [{"on": "maybe"}, {"on": 2}, {"count": "3"}, {"price": "1,234.5"}, {"zip": 1234}, {"job": True}]
)
def test_what_training_would_not_have_read_so_is_refused_and_never_taken_for_something_else(
    codec: Codec, change: dict[str, Any]
) -> None:
    (name,) = change
    with pytest.raises(InvalidRequestError, match=rf"instances\[0\]\.{name} is .*; it must be"):
        served(codec, [ROWS[0][1] | change])
