"""What an answer means, whichever server gave it: two that mean the same may be written differently."""

from __future__ import annotations

import json
from typing import Any

import httpx
import numpy as np

from tests.clients.triton.asked import LENGTH, MODEL, Asked

_TYPES = {"FP32": "<f4", "INT64": "<i8"}
_LENGTH_BYTES = 4  # before each text


def meaning(asked: Asked, response: httpx.Response) -> Any:
    """Return what matters of an answer to a request; of a refusal, nothing but that it is one."""
    if response.status_code != 200:
        return None
    if asked.path.endswith("/infer"):
        return _inferred(response)
    if asked.path.startswith("/v2/health") or asked.path.endswith("/ready"):
        return None  # the status says it all
    return _of_digits(response.json())


def _of_digits(answered: Any) -> Any:
    """Return what is said of the model, without what tells one server, or one hour, from another."""
    if isinstance(answered, list):  # the index
        return [_of_digits(row) for row in answered if row["name"] == MODEL]
    if "model_stats" in answered:
        return [
            {**_parts(row, "name", "version"), "counts": _counts(row["inference_stats"])}
            for row in answered["model_stats"]
            if row["name"] == MODEL
        ]
    if "max_batch_size" in answered:
        return {
            "name": answered["name"],
            "tensors": [_config(answered, part) for part in ("input", "output")],
        }
    if "extensions" in answered:
        return sorted(answered)
    return _parts(answered, "name", "version", "versions", "state", "inputs", "outputs")


def _counts(statistics: Any) -> list[str]:
    """Return what is counted, but for a cache, which only one of the two has."""
    return sorted(name for name in statistics if not name.startswith("cache"))


def _config(answered: Any, part: str) -> Any:
    return [_parts(tensor, "name", "data_type", "dims") for tensor in answered[part]]


def _parts(answered: Any, *names: str) -> Any:
    return {name: answered[name] for name in names if name in answered}


def _inferred(response: httpx.Response) -> Any:
    """Return the answer of a model, with the data of each output as plain numbers or texts."""
    length = response.headers.get(LENGTH)
    head = response.content if length is None else response.content[: int(length)]
    blobs = b"" if length is None else response.content[int(length) :]
    answered = json.loads(head)
    outputs = []
    for output in answered["outputs"]:
        size = output.get("parameters", {}).get("binary_data_size")
        if size is not None:
            data, blobs = _read(blobs[:size], output["datatype"]), blobs[size:]
        else:
            data = output["data"]
        form = "JSON" if size is None else "octets"
        outputs.append((output["name"], output["datatype"], output["shape"], form, _comparable(data)))
    assert not blobs, f"{len(blobs)} octets too many"
    return _parts(answered, "model_name", "model_version", "id") | {"outputs": outputs}


def _read(blob: bytes, datatype: str) -> list[Any]:
    if datatype != "BYTES":
        numbers: list[Any] = np.frombuffer(blob, _TYPES[datatype]).tolist()
        return numbers
    texts = []
    while blob:
        end = _LENGTH_BYTES + int.from_bytes(blob[:_LENGTH_BYTES], "little")
        texts.append(blob[_LENGTH_BYTES:end].decode())
        blob = blob[end:]
    return texts


def _comparable(data: list[Any]) -> list[Any]:
    """Return numbers as float32 has them, which may be written with more digits or fewer."""
    return [float(np.float32(one)) if isinstance(one, float) else one for one in data]
