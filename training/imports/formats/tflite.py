"""Opens a `.tflite` file, whatever wrote it, and leaves it as ai-edge-quantizer can work on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from training.errors import ImportedModelError, listed
from training.imports.facts import Facts
from training.imports.formats import limits
from training.imports.formats.endings import is_bounded
from training.imports.formats.flatbuffer import Graph, dims, dtype_of, name_of
from training.imports.formats.trial import Array, Run, batch_of, check_steady, rows_for, runner
from training.precisions import GIVEN


def open_model(path: Path, folder: Path, *, trust: bool) -> Iterator[Facts]:
    """Write `folder/given.tflite`, and yield what is known of it: before its batch was tried, and after.

    There is nothing in such a file to `trust`: it holds no code but operations, which LiteRT has or has not.
    """
    del trust
    content = path.read_bytes()
    graph = _taken_apart(content)
    shape, dtype = _check(graph)
    run, rows = _tried(content, shape, dtype)
    answers = run(rows[:1])
    limits.allowed_dtype(str(answers.dtype), "output")
    columns = limits.columns(answers.shape, shape, graph.ending)
    check_steady(run, rows)
    precision, bounded, weights = graph.precision, is_bounded(graph.ending), graph.weights
    if not graph.signatures or graph.has_nameless:
        content = graph.named()
        run = runner(content)
        if not np.array_equal(answers, run(rows[:1]), equal_nan=True):
            raise ImportedModelError("answers otherwise once it is given a SignatureDef; export it with one")
    (folder / GIVEN).write_bytes(content)
    scale, zero_point = _quantisation(content)
    facts = Facts(
        format="tflite",
        shape=shape,
        columns=columns,
        weights=weights,
        bounded=bounded,
        is_float=dtype == str(answers.dtype) == "float32",
        precision=precision,
        dtype=dtype,
        scale=scale,
        zero_point=zero_point,
    )
    yield facts
    yield replace(facts, batch=batch_of(run, rows))


def _taken_apart(content: bytes) -> Graph:
    """Raise ImportedModelError where LiteRT, which looks at every offset in it first, sees no graph."""
    try:
        Interpreter(model_content=content)
    except (RuntimeError, ValueError) as error:
        raise ImportedModelError(
            f"holds no graph that LiteRT can read ({limits.first_line(error)})"
        ) from error
    return Graph(content)


def _check(graph: Graph) -> tuple[tuple[int, ...], str]:
    """Refuse what cannot be a classifier of rows, as far as the file says; return a row's shape and type."""
    limits.the_only([name_of(tensor) for tensor in graph.inputs], "input")
    limits.the_only([name_of(tensor) for tensor in graph.outputs], "output")
    if len(graph.signatures) > 1:
        raise ImportedModelError(
            f"has {len(graph.signatures)} signatures ({listed(graph.signatures)}); export it with one"
        )
    limits.no_state(graph.remembering)
    source = graph.inputs[0]
    return limits.row_shape(dims(source)), limits.allowed_dtype(dtype_of(source), "input")


def _tried(content: bytes, shape: tuple[int, ...], dtype: str) -> tuple[Run, Array]:
    """Return what runs the graph, and rows that it runs with."""
    try:
        run = runner(content)
        return run, rows_for(run, shape, dtype)
    except (RuntimeError, ValueError) as error:
        raise ImportedModelError(f"cannot be run by LiteRT ({limits.first_line(error)})") from error


def _quantisation(content: bytes) -> tuple[float, int]:
    """Return the scale and the zero point of the input; whole numbers without them are what they are."""
    scale, zero_point = Interpreter(model_content=content).get_input_details()[0]["quantization"]
    return (float(scale), int(zero_point)) if scale else (1.0, 0)
