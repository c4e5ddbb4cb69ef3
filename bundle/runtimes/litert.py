"""Runs a `.tflite` variant with LiteRT on the CPU, with an interpreter ready for each batch size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from bundle.manifest import GraphSpec
from bundle.normalizer import FloatArray, Normalizer
from bundle.runtimes.base import as_ids, as_probabilities, batches, of_logits
from bundle.runtimes.ports import Port

_AS_OURS = GraphSpec()


@dataclass(frozen=True)
class _Ready:
    """An interpreter that is prepared for one batch size."""

    interpreter: Any
    source: int
    sink: int
    enters: Port | None
    leaves: Port | None


class LiteRTRuntime:
    """A `.tflite` graph from normalised rows to one sigmoid column or `classes` columns.

    `tokens` columns at the end of a row are token ids, which the graph takes as an int32 input of its own.
    `shape` is the shape of a row as the graph takes it; flat by default.

    Raises ValueError where `content` is no such graph. Bytes of unknown origin can also crash the process:
    `bundle.proof.selftest` tries them in another one first.
    """

    def __init__(
        self,
        content: bytes,
        *,
        normalizer: Normalizer,
        classes: int,
        threads: int = 1,
        tokens: int = 0,
        shape: tuple[int, ...] | None = None,
        graph: GraphSpec = _AS_OURS,
    ) -> None:
        self._content = content
        self._normalizer = normalizer
        self._classes = classes
        self._threads = threads
        self._tokens = tokens
        self._shape = shape
        self._one_by_one = graph.batch == "one"
        self._of_logits = graph.answers == "logits"
        self._sources: dict[Any, int] = {}  # of a graph with token ids, by type
        self._interpreters: dict[int, _Ready] = {}  # by batch size
        self._prepare(1)

    def predict(self, rows: FloatArray) -> FloatArray:
        normalized = self._normalizer.apply(rows)
        if (ready := self._interpreters.get(len(rows))) is not None:
            return self._run(ready, normalized)
        probabilities = np.empty((len(rows), self._classes), np.float32)
        for batch in batches(len(rows), most=1) if self._one_by_one else batches(len(rows)):
            size = batch.stop - batch.start
            ready = self._interpreters.get(size) or self._prepare(size)
            probabilities[batch] = self._run(ready, normalized[batch])
        return probabilities

    def _run(self, ready: _Ready, normalized: FloatArray) -> FloatArray:
        interpreter = ready.interpreter
        if self._tokens:
            self._feed(interpreter, normalized)
        else:
            if self._shape is not None:
                normalized = normalized.reshape(-1, *self._shape)
            fed = normalized if ready.enters is None else ready.enters.enter(normalized)
            interpreter.set_tensor(ready.source, fed)
        interpreter.invoke()
        output = interpreter.get_tensor(ready.sink)
        if ready.leaves is not None:
            output = ready.leaves.leave(output)
        return as_probabilities(of_logits(output) if self._of_logits else output, self._classes)

    def _prepare(self, size: int) -> _Ready:
        try:
            interpreter = Interpreter(model_content=self._content, num_threads=self._threads)
            self._resize(interpreter, size)
            interpreter.allocate_tensors()
            if self._tokens:  # what lies in fresh memory is no token id
                self._sources = {
                    source["dtype"]: source["index"] for source in interpreter.get_input_details()
                }
                self._feed(interpreter, np.zeros((size, self._normalizer.features), np.float32))
            interpreter.invoke()  # some graphs know the shape of their output only then
        except RuntimeError as error:
            raise ValueError(f"LiteRT cannot run it ({error})") from error
        sources, sink = interpreter.get_input_details(), interpreter.get_output_details()[0]
        kinds = {source["dtype"] for source in sources}
        if self._tokens and (kinds != set(self._widths()) or sink["dtype"] != np.float32):
            given = ", ".join(source["dtype"].__name__ for source in sources)
            wanted = ", ".join(kind.__name__ for kind in self._widths())
            raise ValueError(f"the graph maps {given} to {sink['dtype'].__name__}, not {wanted} to float32")
        width = 1 if self._classes == 2 and sink["shape"][-1] == 1 else self._classes
        shape = tuple(sink["shape"].tolist())
        if shape != (size, width):
            raise ValueError(f"the graph answers shape {shape}, not {(size, width)}")
        enters = None if self._tokens else Port.of(sources[0])
        ready = _Ready(interpreter, sources[0]["index"], sink["index"], enters, Port.of(sink))
        self._interpreters[size] = ready
        return ready

    def _resize(self, interpreter: Any, size: int) -> None:
        """Have a graph take `size` rows. Raise ValueError where it has too many inputs or outputs."""
        sources, sinks = interpreter.get_input_details(), interpreter.get_output_details()
        widths = self._widths()
        if len(sources) != len(widths) or len(sinks) != 1:
            raise ValueError(
                f"the graph has {len(sources)} inputs and {len(sinks)} outputs, not {len(widths)} and 1"
            )
        for source in sources:
            if self._shape is not None:
                shape = [size, *self._shape]
                if self._one_by_one and shape == source["shape"].tolist():
                    return
                # Many a foreign graph does not say that its batch may change; whether it may is tried.
                interpreter.resize_tensor_input(source["index"], shape, strict=False)
            else:
                width = widths.get(source["dtype"], self._normalizer.features)
                interpreter.resize_tensor_input(source["index"], [size, width], strict=True)

    def _widths(self) -> dict[Any, int]:
        """Return the columns that each input takes, by the type that tells the inputs apart."""
        if not self._tokens:
            return {np.float32: self._normalizer.features}
        rest = self._normalizer.features - self._tokens
        return {np.int32: self._tokens} | ({np.float32: rest} if rest else {})

    def _feed(self, interpreter: Any, normalized: FloatArray) -> None:
        feeds = {np.int32: as_ids(normalized, self._tokens), np.float32: normalized[:, : -self._tokens]}
        for kind, source in self._sources.items():
            interpreter.set_tensor(source, feeds[kind])
