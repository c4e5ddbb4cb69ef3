"""Requests of the Open Inference Protocol as clients write them, and answers as clients read them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from service.wire import open_inference
from service.wire.message import Headers
from service.wire.protocol import Asked, Decoded
from service.wire.signature import Signature

PATH = "/v2/models/digits/infer"


def json_of(*inputs: dict[str, Any], **fields: Any) -> bytes:
    """Return a request of JSON alone."""
    return json.dumps({"inputs": list(inputs), **fields}).encode()


def vector(shape: list[int], data: Any, datatype: str = "FP32", **fields: Any) -> dict[str, Any]:
    """Return the input of a model that takes rows of numbers."""
    return {"name": "x", "shape": shape, "datatype": datatype, "data": data, **fields}


def packed(
    *inputs: tuple[dict[str, Any], bytes | None], binary: bool | None = True, **fields: Any
) -> tuple[bytes, int]:
    """Return a request with blobs, and the length of its JSON; an input without a blob has its data there."""
    heads = [
        head if blob is None else {**head, "parameters": {"binary_data_size": len(blob)}}
        for head, blob in inputs
    ]
    if binary is not None:
        fields["parameters"] = {"binary_data_output": binary, **fields.get("parameters", {})}
    head = json_of(*heads, **fields)
    return head + b"".join(blob or b"" for _, blob in inputs), len(head)


def head_length(length: int) -> tuple[bytes, bytes]:
    """Return the header that says so."""
    return b"inference-header-content-length", str(length).encode()


def ask(headers: Headers | None = None, path: str = PATH) -> Asked:
    return open_inference.ask(path, b"", headers or [])


def decode(
    signature: Signature, body: bytes, length: int | None = None, *, path: str = PATH, max_rows: int = 200
) -> Decoded:
    """Return what a body holds, with the length of its JSON where it has blobs."""
    asked = ask([] if length is None else [head_length(length)], path)
    return open_inference.bind(signature, max_rows=max_rows).decode(asked, body)


def read_answer(headers: Headers, content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the JSON of an answer, and the values of its outputs by name, as a client would."""
    told = dict(headers)
    length = int(told.get(b"inference-header-content-length", len(content)))
    document, rest = json.loads(content[:length]), content[length:]
    has_blobs = any("data" not in one for one in document["outputs"])
    assert has_blobs == (b"inference-header-content-length" in told)
    assert told[b"content-type"] == (b"application/octet-stream" if has_blobs else b"application/json")
    values = {}
    for output in document["outputs"]:
        size = output.get("parameters", {}).get("binary_data_size")
        if size is None:
            values[output["name"]] = output["data"]
        else:
            values[output["name"]] = _unpacked(output["datatype"], rest[:size])
            rest = rest[size:]
        assert len(values[output["name"]]) == np.prod(output["shape"])
    assert not rest
    return document, values


def _unpacked(datatype: str, blob: bytes) -> list[Any]:
    if datatype != "BYTES":
        return list(np.frombuffer(blob, {"FP32": "<f4", "INT64": "<i8"}[datatype]).tolist())
    values = []
    while blob:
        end = 4 + int.from_bytes(blob[:4], "little")
        values.append(blob[4:end].decode())
        blob = blob[end:]
    return values
