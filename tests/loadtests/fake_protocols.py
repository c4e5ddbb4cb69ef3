"""The protocols of other servers, for the fake service: their requests as rows, and its answers as theirs.

Written from the specifications, with nothing of what it tests.
"""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

ANSWERS = ("both", "labels", "places", "scores")  # what a model may answer: labels, their places, scores

_INFER = re.compile(r"/v2/models/(?P<model>[^/]+)(?:/versions/(?P<version>\d+))?/infer")
_PREDICT = re.compile(r"/v1/models/(?P<model>[^/:]+)(?:/versions/\d+|/labels/\w+)?:predict")
_MODEL = re.compile(
    r"/v[12]/models/(?P<model>[^/:]+)(?:/versions/\d+|/labels/\w+)?(?P<what>/ready|/metadata)?"
)


@dataclass(frozen=True)
class Asked:
    """A request of another protocol."""

    protocol: str
    model: str
    variant: str
    rows: npt.NDArray[np.float32]
    is_binary: bool = False


def is_other(path: str) -> bool:
    return path.startswith(("/v1/", "/v2/"))


def asked(path: str, body: bytes, json_length: str | None) -> Asked:
    """Read a request. A path that is none fails, which is a fault of the test or of what it tests."""
    if found := _INFER.fullmatch(path):
        head = body[: int(json_length)] if json_length else body
        request = json.loads(head)
        (tensor,) = request["inputs"]
        assert (tensor["name"], tensor["datatype"]) == ("x", "FP32")
        if json_length:
            blob = body[int(json_length) :]
            assert tensor["parameters"]["binary_data_size"] == len(blob)
            data = np.frombuffer(blob, "<f4")
        else:
            data = np.array(tensor["data"], np.float32)
        rows = data.reshape(tensor["shape"]).reshape(tensor["shape"][0], -1)
        is_binary = request.get("parameters", {}).get("binary_data_output", False)
        return Asked("oip", *_named(found["model"]), rows, is_binary)
    found = _PREDICT.fullmatch(path)
    assert found, path
    rows = np.array(json.loads(body)["instances"], np.float32)
    return Asked("tfs", *_named(found["model"]), rows.reshape(len(rows), -1))


def answer(one: Asked, native: dict[str, Any], labels: list[Any], answers: str) -> bytes:
    """Return what was answered, in the asker's protocol; `native` is what `/predict` would answer."""
    predictions, scores = native["predictions"], native["probabilities"]
    outputs: dict[str, Any] = {}
    if answers in {"both", "labels"}:
        outputs["label"] = [str(label) for label in predictions]
    if answers == "places":
        outputs["place"] = [labels.index(label) for label in predictions]
    if answers in {"both", "scores"}:
        # Logits of that softmax: a model need not answer probabilities.
        places = [labels.index(label) for label in predictions]
        outputs["dense_3"] = [
            [float(place == best) * 5 - 2 + score for place, score in enumerate(row)]
            for best, row in zip(places, scores, strict=True)
        ]
    if one.protocol == "tfs":
        if len(outputs) == 1:
            return json.dumps({"predictions": next(iter(outputs.values()))}).encode()
        told = [dict(zip(outputs, row, strict=True)) for row in zip(*outputs.values(), strict=True)]
        return json.dumps({"predictions": told}).encode()
    head: dict[str, Any] = {"model_name": f"{one.model}~{native['variant']}" if one.variant else one.model}
    head |= {"id": "1", "outputs": []}
    blobs = []
    for name, values in outputs.items():
        columns = len(values[0]) if isinstance(values[0], list) else 1
        kind = {"label": "BYTES", "place": "INT64", "dense_3": "FP32"}[name]
        output = {"name": name, "datatype": kind, "shape": [len(values), columns]}
        if one.is_binary:
            blobs.append(_blob(kind, values))
            head["outputs"].append(output | {"parameters": {"binary_data_size": len(blobs[-1])}})
        else:
            head["outputs"].append(output | {"data": np.array(values).ravel().tolist()})
    return json.dumps(head).encode() + b"".join(blobs)


def told(path: str, models: str, features: int, *, is_ready: bool) -> tuple[int, dict[str, Any]]:
    """Return status and content of what a server says of itself and of its only model."""
    if path == "/v2":
        return 200, {"name": "fake", "version": "1", "extensions": ["binary_tensor_data"]}
    found = _MODEL.fullmatch(path)
    if not found or _named(found["model"])[0] != models:
        return 404, {"error": f"there is no {path}"}
    if path.startswith("/v2/"):
        if found["what"] == "/ready":
            return (200 if is_ready else 503), {"name": models, "ready": is_ready}
        inputs = [{"name": "x", "datatype": "FP32", "shape": [-1, features]}]
        return 200, {"name": models, "platform": "fake", "inputs": inputs, "outputs": []}
    if found["what"] == "/metadata":
        dims = [{"size": "-1", "name": ""}, {"size": str(features), "name": ""}]
        shape = {"dim": dims, "unknown_rank": False}
        signature = {"inputs": {"x": {"dtype": "DT_FLOAT", "tensor_shape": shape, "name": "x:0"}}}
        return 200, {"metadata": {"signature_def": {"signature_def": {"serving_default": signature}}}}
    state = "AVAILABLE" if is_ready else "LOADING"
    return 200, {"model_version_status": [{"version": "1", "state": state, "status": {}}]}


def _named(name: str) -> tuple[str, str]:
    model, _, variant = name.replace("%7E", "~").partition("~")
    return model, variant


def _blob(kind: str, values: list[Any]) -> bytes:
    if kind == "BYTES":
        return b"".join(struct.pack("<I", len(one.encode())) + one.encode() for one in values)
    return np.array(values).astype({"INT64": "<i8", "FP32": "<f4"}[kind]).tobytes()
