"""Runs a `.tflite` variant with LiteRT on the CPU, with an interpreter ready for each batch size."""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from bundle.normalizer import FloatArray, Normalizer
from bundle.runtimes.base import as_probabilities, batches


class LiteRTRuntime:
    """A `.tflite` graph from normalised float32 rows to one sigmoid or `classes` softmax columns.

    Raises ValueError where `content` is no such graph. Bytes of unknown origin can also crash the process:
    `bundle.selftest` tries them in another one first.
    """

    def __init__(self, content: bytes, *, normalizer: Normalizer, classes: int, threads: int = 1) -> None:
        self._content = content
        self._normalizer = normalizer
        self._classes = classes
        self._threads = threads
        self._interpreters: dict[int, tuple[Any, int, int]] = {}  # batch size: interpreter, input, output
        self._prepare(1)

    def predict(self, rows: FloatArray) -> FloatArray:
        normalized = self._normalizer.apply(rows)
        if (ready := self._interpreters.get(len(rows))) is not None:
            return self._run(ready, normalized)
        probabilities = np.empty((len(rows), self._classes), np.float32)
        for batch in batches(len(rows)):
            size = batch.stop - batch.start
            ready = self._interpreters.get(size) or self._prepare(size)
            probabilities[batch] = self._run(ready, normalized[batch])
        return probabilities

    def _run(self, ready: tuple[Any, int, int], normalized: FloatArray) -> FloatArray:
        interpreter, source, sink = ready
        interpreter.set_tensor(source, normalized)
        interpreter.invoke()
        return as_probabilities(interpreter.get_tensor(sink), self._classes)

    def _prepare(self, size: int) -> tuple[Any, int, int]:
        try:
            interpreter = Interpreter(model_content=self._content, num_threads=self._threads)
            sources, sinks = interpreter.get_input_details(), interpreter.get_output_details()
            if len(sources) != 1 or len(sinks) != 1:
                raise ValueError(
                    f"the graph has {len(sources)} inputs and {len(sinks)} outputs, not one of each"
                )
            interpreter.resize_tensor_input(
                sources[0]["index"], [size, self._normalizer.features], strict=True
            )
            interpreter.allocate_tensors()
            interpreter.invoke()  # some graphs know the shape of their output only then
        except RuntimeError as error:
            raise ValueError(f"LiteRT cannot run it ({error})") from error
        source, sink = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        if source["dtype"] != np.float32 or sink["dtype"] != np.float32:
            raise ValueError(
                f"the graph maps {source['dtype'].__name__} to {sink['dtype'].__name__}, not float32"
            )
        width = 1 if self._classes == 2 and sink["shape"][-1] == 1 else self._classes
        shape = tuple(sink["shape"].tolist())
        if shape != (size, width):
            raise ValueError(f"the graph answers shape {shape}, not {(size, width)}")
        self._interpreters[size] = interpreter, source["index"], sink["index"]
        return self._interpreters[size]
