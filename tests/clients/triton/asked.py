"""A request of the Open Inference Protocol as it stands on the wire, and how its parts are put together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

LENGTH = "Inference-Header-Content-Length"
MODEL = "digits~int8"
INFER = f"/v2/models/{MODEL}/infer"
FEATURES = 64

ROWS = (np.arange(2 * FEATURES).reshape(2, FEATURES) % 17).astype(np.float32)
"""Two rows, of which no more is asked than that both servers answer them alike."""
NUMBERS: list[float] = ROWS.ravel().tolist()
OCTETS = ROWS.astype("<f4").tobytes()


@dataclass(frozen=True)
class Asked:
    """What both servers are sent."""

    name: str
    path: str = INFER
    method: str = "POST"
    content: bytes = b""
    in_chunks: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes | Iterator[bytes]:
        return iter([self.content[:100], self.content[100:]]) if self.in_chunks else self.content


def got(path: str) -> Asked:
    return Asked(f"GET {path}", path, "GET")


def input_of(**changes: Any) -> dict[str, Any]:
    """Return the input `x` with two rows; a change to None leaves a part out."""
    given = {"name": "x", "shape": [2, FEATURES], "datatype": "FP32", "data": NUMBERS} | changes
    return {name: value for name, value in given.items() if value is not None}


def body(**parts: Any) -> bytes:
    """Return a request's JSON: the input above, unless others are given."""
    return json.dumps({"inputs": [input_of()]} | parts).encode()


def sent(name: str, /, **parts: Any) -> Asked:
    return Asked(name, content=body(**parts))


def with_input(name: str, /, **changes: Any) -> Asked:
    return sent(name, inputs=[input_of(**changes)])


def output(name: str, /, **parameters: Any) -> dict[str, Any]:
    return {"name": name, "parameters": parameters} if parameters else {"name": name}


def binary(
    name: str,
    *,
    octets: bytes = OCTETS,
    length: str | None = None,
    changes: Mapping[str, Any] | None = None,
    **parts: Any,
) -> Asked:
    """Ask with the input's data behind the JSON; `length` is what the header says in place of the truth."""
    given = {"data": None, "parameters": {"binary_data_size": len(OCTETS)}} | dict(changes or {})
    head = body(**({"inputs": [input_of(**given)]} | parts))
    return Asked(name, content=head + octets, headers={LENGTH: str(len(head)) if length is None else length})
