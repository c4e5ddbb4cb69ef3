"""Requests that a real Triton answers, the odd ones among them."""

from __future__ import annotations

import gzip
import zlib

from tests.clients.triton.asked import (
    FEATURES,
    LENGTH,
    NUMBERS,
    OCTETS,
    ROWS,
    Asked,
    binary,
    body,
    got,
    output,
    sent,
    with_input,
)

_BODY = body()
_LABEL, _PROBABILITIES = output("label"), output("probabilities")

ABOUT = [
    got("/v2"),
    got("/v2/health/live"),
    got("/v2/health/ready"),
    got("/v2/models/digits~int8"),
    got("/v2/models/digits~int8/versions/1"),
    got("/v2/models/digits~int8/ready"),
    got("/v2/models/digits~int8/versions/1/ready"),
    got("/v2/models/digits~int8/config"),
    got("/v2/models/digits~int8/stats"),
    got("/v2/models/stats"),
    Asked("index", "/v2/repository/index"),
    Asked("index, with a body", "/v2/repository/index", content=b'{"ready": true}'),
]

JSON = [
    sent("flat data"),
    with_input("nested data", data=ROWS.tolist()),
    with_input("data nested deeper than the shape", data=[ROWS.tolist()]),
    with_input("whole numbers for FP32", data=[int(number) for number in NUMBERS]),
    with_input("one row", shape=[1, FEATURES], data=NUMBERS[:FEATURES]),
    with_input("an unknown parameter of an input", parameters={"mine": 1}),
    sent("an id", id="7"),
    sent("an empty id", id=""),
    sent("parameters of all kinds", parameters={"a": 1, "b": "c", "d": True, "e": 1.5}),
    sent("an unknown key", model_name="digits~int8"),
    sent("no outputs", outputs=[]),
    sent("one output", outputs=[_PROBABILITIES]),
    sent("outputs in another order", outputs=[_PROBABILITIES, _LABEL]),
    sent("an output twice", outputs=[_LABEL, _LABEL]),
    sent("outputs as octets", outputs=[output("probabilities", binary_data=True)]),
    sent("one output as octets, one as JSON", outputs=[output("label", binary_data=True), _PROBABILITIES]),
    sent("all outputs as octets", parameters={"binary_data_output": True}),
    sent("octets, and one output without a word", parameters={"binary_data_output": True}, outputs=[_LABEL]),
    sent("one class", outputs=[output("probabilities", classification=1)]),
    sent("three classes", outputs=[output("probabilities", classification=3)]),
    sent("three classes as octets", outputs=[output("probabilities", classification=3, binary_data=True)]),
    sent("more classes than there are", outputs=[output("probabilities", classification=99)]),
    sent("a timeout", parameters={"timeout": 10_000_000}),
    sent("a priority", parameters={"priority": 1}),
    Asked("form content type", content=_BODY, headers={"Content-Type": "application/x-www-form-urlencoded"}),
    Asked("in chunks", content=_BODY, in_chunks=True),
    Asked("gzip", content=gzip.compress(_BODY), headers={"Content-Encoding": "gzip"}),
    Asked("deflate", content=zlib.compress(_BODY), headers={"Content-Encoding": "deflate"}),
    Asked("the version in the URL", "/v2/models/digits~int8/versions/1/infer", content=_BODY),
    Asked("the length of all, where all is JSON", content=_BODY, headers={LENGTH: str(len(_BODY))}),
]

_OCTETS = binary("")

BINARY = [
    binary("octets"),
    binary("octets, answered in JSON", outputs=[_LABEL, _PROBABILITIES]),
    binary("octets, answered in octets", outputs=[output("probabilities", binary_data=True)]),
    binary("octets to octets", parameters={"binary_data_output": True}),
    binary("octets to one without a word", parameters={"binary_data_output": True}, outputs=[_LABEL]),
    binary(
        "octets to one in JSON",
        parameters={"binary_data_output": True},
        outputs=[output("label", binary_data=False)],
    ),
    Asked(
        "octets in gzip",
        content=gzip.compress(_OCTETS.content),
        headers={**_OCTETS.headers, "Content-Encoding": "gzip"},
    ),
    Asked("one row, raw", content=OCTETS[: 4 * FEATURES], headers={LENGTH: "0"}),
]
