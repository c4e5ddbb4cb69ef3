"""NNCF in its own environment: makes a graph of a float one, and tells what the graph answers.

The rows are an .npz: `calibration`, `validation` and `test`, each (n, *shape) as the graph takes them, and
`validation_classes`, (n,). NNCF's defaults are kept, but that its statistics are of all calibration rows, and
not of the first 300.
"""

# Checked where its library is not installed: it runs in an environment of its own.
# mypy: disable-error-code="import-not-found, misc, no-any-return"

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import nncf
import numpy as np
import openvino

from benchmarks.mixed.openvino import opened

_LAYERS = {"Convolution", "GroupConvolution", "MatMul"}
_ROWS_AT_ONCE = 50

Arrays = Mapping[str, Any]


def as_it_is(graph: Any, rows: Arrays, budget: float, find: Callable[[Any], Any]) -> Any:
    """Return the float graph: what OpenVINO alone makes of it."""
    return graph


def int8(graph: Any, rows: Arrays, budget: float, find: Callable[[Any], Any]) -> Any:
    """Quantise every operation that NNCF can."""
    return nncf.quantize(graph, _calibration(rows), subset_size=len(rows["calibration"]))


def control(graph: Any, rows: Arrays, budget: float, find: Callable[[Any], Any], **options: Any) -> Any:
    """Quantise, and give operations back to float until the budget is held on the validation rows."""
    labelled = list(zip(rows["validation"][:, np.newaxis], rows["validation_classes"].tolist(), strict=True))

    def validate(compiled: Any, items: Iterable[tuple[Any, int]]) -> tuple[float, list[float]]:
        right = [float(find(compiled(row)[0])[0] == label) for row, label in items]
        return float(np.mean(right)), right

    return nncf.quantize_with_accuracy_control(
        graph,
        _calibration(rows),
        nncf.Dataset(labelled, lambda item: item[0]),
        validate,
        max_drop=budget,
        drop_type=nncf.DropType.ABSOLUTE,
        subset_size=len(rows["calibration"]),
        **options,
    )


WAYS: dict[str, Callable[[Any, Arrays, float, Callable[[Any], Any]], Any]] = {
    "float32": as_it_is,
    "int8": int8,
    "control": control,
    # By the outputs of each layer in its place, and not, as the default, by those of its mean inputs alone.
    "control-full-bias": partial(control, fast_bias_correction=False),
}


def classes(answers: Any, *, logits: bool) -> Any:
    """Return the class of each row, (n,), of what a graph answers, (n, classes), or (n, 1) of a sigmoid."""
    if answers.shape[1] == 1:
        return (answers[:, 0] > (0 if logits else 0.5)).astype(np.int64)
    return answers.argmax(axis=1)


def main(way: str, path: str, told: str, budget: str, answers: str, folder: str) -> None:
    """Write the graph into a folder, the classes of validation and test rows, and the seconds it took."""
    with np.load(Path(told), allow_pickle=False) as arrays:
        rows = dict(arrays)
    logits = answers == "logits"
    graph = openvino.Core().read_model(path)
    start = perf_counter()
    made = WAYS[way](graph, rows, float(budget), lambda answer: classes(answer, logits=logits))
    seconds = perf_counter() - start
    openvino.save_model(made, Path(folder, "graph.xml"), compress_to_fp16=False)
    request = opened(made, -1, rows["test"].shape[1:])
    found = {
        part: classes(_answered(request, rows[part]), logits=logits).tolist()
        for part in ("validation", "test")
    }
    told_back = {"seconds": seconds, "kept": _kept_in_float(made)} | found
    Path(folder, "told.json").write_text(json.dumps(told_back), encoding="utf-8")


def _calibration(rows: Arrays) -> Any:
    return nncf.Dataset(list(rows["calibration"][:, np.newaxis]))


def _answered(request: Any, rows: Any) -> Any:
    parts = range(0, len(rows), _ROWS_AT_ONCE)
    return np.concatenate(
        [np.array(request.infer({0: rows[start : start + _ROWS_AT_ONCE]})[0]) for start in parts]
    )


def _kept_in_float(graph: Any) -> list[str]:
    """Name the layers whose weights are still float32."""
    layers = [one for one in graph.get_ops() if one.get_type_name() in _LAYERS]
    return [str(one.get_friendly_name()) for one in layers if "float" in str(_source(one).get_element_type())]


def _source(layer: Any) -> Any:
    """Return where the weights of a layer come from, through whatever scales and shapes them."""
    node = layer.input_value(1).get_node()
    while node.get_input_size():
        node = node.input_value(0).get_node()
    return node


if __name__ == "__main__":
    main(*sys.argv[1:])
