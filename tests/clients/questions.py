"""What all clients ask: the same rows of the same models, as tensors and as `/predict` has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

Answer = dict[str, Any]

_FLOAT32 = np.float32


@dataclass(frozen=True)
class Question:
    """Rows for one variant of a model."""

    model: str
    """As the protocols that have no variants name it: `digits~int8`."""
    instances: list[Any]
    """As `/predict` takes them."""
    inputs: list[dict[str, Any]]
    """As tensors, with flat data."""
    answer: Answer
    """`predictions` and `probabilities`, of `/predict`."""


def asked(client: httpx.Client, model: str, instances: list[Any], inputs: list[dict[str, Any]]) -> Question:
    """Return a question with the answer that `/predict` gives to it."""
    name, _, variant = model.partition("~")
    query = {"model": name} | ({"variant": variant} if variant else {})
    response = client.post("/predict", params=query, json={"instances": instances})
    assert response.status_code == 200, response.text
    answer = {name: response.json()[name] for name in ("predictions", "probabilities")}
    return Question(model, instances, inputs, answer)


def vectors(client: httpx.Client, model: str, rows: NDArray[np.float32]) -> Question:
    """Ask for rows of numbers, shape (n, features), or (n, ...) as the model's own inputs are shaped."""
    given = tensor("x", "FP32", list(rows.shape), rows.ravel().tolist())
    return asked(client, model, rows.reshape(len(rows), -1).tolist(), [given])


def texts(client: httpx.Client, model: str, given: list[str]) -> Question:
    return asked(client, model, given, [tensor("text", "BYTES", [len(given), 1], given)])


def table(client: httpx.Client, model: str, objects: list[dict[str, Any]]) -> Question:
    """Ask for objects, none of which lacks a field: a tensor for each."""
    inputs = []
    for field, first in objects[0].items():
        datatype = "BYTES" if isinstance(first, str) else "FP32"
        inputs.append(tensor(field, datatype, [len(objects), 1], [row[field] for row in objects]))
    return asked(client, model, objects, inputs)


def tensor(name: str, datatype: str, shape: list[int], data: list[Any]) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


def is_same(answered: Any, expected: Answer) -> bool:
    """Whether labels, where there are any, are the same, and probabilities are the same float32."""
    return bool(
        isinstance(answered, dict)
        and "probabilities" in answered
        and answered.get("predictions", expected["predictions"]) == expected["predictions"]
        and np.array_equal(
            np.array(answered["probabilities"], _FLOAT32), np.array(expected["probabilities"], _FLOAT32)
        )
    )
