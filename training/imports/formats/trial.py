"""Tries a graph: whether it answers the same each time, and several rows as it answers each alone.

What a file says of its own batch is worth little: a graph whose batch is fixed at 1 may well run with 32
rows, and one whose batch is open may mix its rows, or run with one alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from bundle.runtimes.base import BATCH_MAX
from training.errors import ImportedModelError
from training.imports.facts import Batch

Array: TypeAlias = npt.NDArray[Any]
Run: TypeAlias = Callable[[Array], Array]

_ROWS = 16  # that differ
_SIZES = tuple(2**power for power in range(1, BATCH_MAX.bit_length()))  # that a runtime asks with
_AMPLITUDES = (0.1, 1.0, 10.0, 100.0)  # a row may saturate the scores; not all of them will
_MILD = 2.0
_DEVIATION = 0.01  # of the answers' span: kernels of other batches round in other places
_ALWAYS = 1e-5  # the same, where they lie on one spot
_STEPS = 2  # the same, of integers


def rows_for(run: Run, shape: tuple[int, ...], dtype: str) -> Array:
    """Return rows that a graph can be tried with, (16, *shape), as different from each other as may be.

    Raises what `run` raises: RuntimeError or ValueError.
    """
    random = np.random.default_rng(0)
    varied = random.normal(size=(_ROWS, *shape))
    varied *= np.resize(_AMPLITUDES, (len(varied), *(1 for _ in shape)))
    limits = np.finfo(dtype) if dtype == "float32" else np.iinfo(dtype)
    varied = np.clip(np.abs(varied) if limits.min == 0 else varied, limits.min, limits.max).astype(dtype)
    try:
        _alone(run, varied)
    except (RuntimeError, ValueError):  # one that looks its numbers up has few of them
        mild = random.uniform(0, _MILD, varied.shape).astype(dtype)
        _alone(run, mild)
        return mild
    return varied


def check_steady(run: Run, rows: Array) -> None:
    """Refuse a graph that answers a row otherwise after it has been asked others."""
    first, _, again = (run(rows[[which]]) for which in (0, 1, 0))
    if not _agree(first, again, first):
        raise ImportedModelError(
            "answers the same row differently when it is asked again: it keeps state, or draws random numbers"
        )


def batch_of(run: Run, rows: Array) -> Batch:
    """Return "any" where several rows in one call are answered as each of them alone.

    `run` raises RuntimeError or ValueError where it cannot.
    """
    alone = _alone(run, rows)
    try:
        together = all(_agree(run(_repeated(rows, size)), _repeated(alone, size), alone) for size in _SIZES)
    except (RuntimeError, ValueError):
        return "one"
    return "any" if together else "one"


def runner(content: bytes) -> Run:
    """Return what runs a `.tflite` graph of one input and one output with LiteRT, in its own numbers."""
    interpreter = Interpreter(model_content=content, num_threads=1)
    source = interpreter.get_input_details()[0]
    sink = interpreter.get_output_details()[0]["index"]
    prepared = 0

    def run(rows: Array) -> Array:
        nonlocal prepared
        if len(rows) != prepared:
            prepared = 0
            if len(rows) != 1 or tuple(source["shape"]) != rows.shape:
                interpreter.resize_tensor_input(source["index"], rows.shape)
            interpreter.allocate_tensors()
            prepared = len(rows)
        interpreter.set_tensor(source["index"], rows)
        interpreter.invoke()
        answers: Array = interpreter.get_tensor(sink)
        return answers

    return run


def _repeated(rows: Array, size: int) -> Array:
    """Return so many rows, which come again where they are too few."""
    return np.resize(rows, (size, *rows.shape[1:]))


def _alone(run: Run, rows: Array) -> Array:
    return np.concatenate([run(rows[[which]]) for which in range(len(rows))])


def _agree(answers: Array, others: Array, among: Array) -> bool:
    """Whether answers are the same but for rounding, small against how far those `among` lie apart."""
    if answers.shape != others.shape:
        return False
    if among.dtype.kind in "iu":
        return bool((np.abs(answers.astype(int) - others.astype(int)) <= _STEPS).all())
    finite = among[np.isfinite(among)]
    allowed = _ALWAYS + _DEVIATION * float(np.ptp(finite) if finite.size else 0)
    return bool(np.allclose(answers, others, rtol=0, atol=allowed, equal_nan=True))
