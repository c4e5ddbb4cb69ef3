"""A graph run by OpenVINO on one thread, called in a loop in NNCF's environment."""

# Checked where its library is not installed: it runs in an environment of its own.
# mypy: disable-error-code="import-not-found, misc"

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import openvino

from benchmarks.measure.calls import answer_lines

# As a service would run it: one call at a time. What is not quantised stays float32, as in our graphs.
_ONE_THREAD = {
    "INFERENCE_NUM_THREADS": 1,
    "PERFORMANCE_HINT": "LATENCY",
    "INFERENCE_PRECISION_HINT": "f32",
}


def opened(graph: Any, batch: int, shape: tuple[int, ...]) -> Any:
    """Return a request of a graph that takes (batch, *shape); a batch of -1 is any."""
    graph = graph.clone()
    graph.reshape([batch, *shape])
    return openvino.Core().compile_model(graph, "CPU", _ONE_THREAD).create_infer_request()


def main(path: str, told: str, batch: str) -> None:
    """Call the graph with the first test rows for as long as each line on stdin says."""
    with np.load(Path(told), allow_pickle=False) as arrays:
        rows = arrays["test"][: int(batch)]  # (batch, *shape)
    request = opened(openvino.Core().read_model(path), len(rows), rows.shape[1:])

    def call() -> Any:
        return np.array(request.infer({0: rows})[0])  # a copy, as our runtime's answer is the caller's own

    answer_lines(call)


if __name__ == "__main__":
    main(*sys.argv[1:])
