"""A float `.tflite` as the search sees it: the operations that have weights, and how to give them others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

from bundle.normalizer import FloatArray

CONVOLUTION, DENSE, WORDS = "CONV_2D", "FULLY_CONNECTED", "EMBEDDING_LOOKUP"

# Which operands are weights and bias, of the operations that the quantiser can make smaller by their weights.
_OPERANDS: Mapping[str, tuple[int, int | None]] = {
    CONVOLUTION: (1, 2),
    "DEPTHWISE_CONV_2D": (1, 2),
    DENSE: (1, 2),
    "BATCH_MATMUL": (1, None),
    WORDS: (1, None),
}
_NONE = -1  # an operand that is left away


@dataclass(frozen=True)
class Window:
    """How a convolution moves over its input."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    same: bool
    """Whether the input is padded, so that each of its places has an output."""


@dataclass(frozen=True)
class Operation:
    """Weights, and what reads them: one step of the graph, or, of an unrolled cell, many."""

    kind: str
    names: tuple[str, ...]
    """Of each step, by the outputs that it writes: what the quantiser finds it by."""
    steps: tuple[int, ...]
    """Places of the steps in the graph."""
    reads: tuple[int, ...]
    """The tensor that each step reads."""
    weights: int
    """The tensor of the weights."""
    shape: tuple[int, ...]
    bias: int | None
    """The tensor that is added to the outputs; None where there is none that is these steps' alone."""
    window: Window | None = None
    """Of a convolution; None where it moves in a way that is not known here."""

    @property
    def count(self) -> int:
        """How many weights there are."""
        return prod(self.shape)

    @property
    def fittable(self) -> bool:
        """Whether its weights can be fitted to what it reads, rather than rounded one by one."""
        return self.kind == DENSE or (self.kind == CONVOLUTION and self.window is not None)


class Graph:
    """The main part of a float `.tflite`. It is never changed: others are made of it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self._model: Any = self._unpacked()
        self._part: Any = self._model.subgraphs[0]

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """The operations with float weights, in the order in which they are computed."""
        steps: dict[int, list[int]] = defaultdict(list)
        for step in range(len(self._part.operators)):
            weights = self._weights(step)
            if weights is not None:
                steps[self._part.tensors[weights].buffer].append(step)
        readers = Counter(
            self._part.tensors[tensor].buffer
            for step in self._part.operators
            for tensor in {*step.inputs} - {_NONE}
        )
        return tuple(self._operation(tuple(of), readers) for of in steps.values())

    def values(self, tensor: int) -> FloatArray:
        """Return the numbers of a constant."""
        one = self._part.tensors[tensor]
        data = np.asarray(self._model.buffers[one.buffer].data, np.uint8)
        return data.view(np.float32).reshape([*one.shape])

    def with_values(self, values: Mapping[int, FloatArray]) -> Graph:
        """Return the same graph with other numbers in these constants."""
        model = self._unpacked()
        for tensor, numbers in values.items():
            buffer = model.buffers[model.subgraphs[0].tensors[tensor].buffer]
            buffer.data = np.frombuffer(numbers.astype(np.float32).tobytes(), np.uint8)
        return Graph(_packed(model))

    def until(self, tensors: Iterable[int]) -> bytes:
        """Return the graph that ends where these tensors are known, and answers with them."""
        wanted, model = [*tensors], self._unpacked()
        part = model.subgraphs[0]
        last = max(place for place, step in enumerate(part.operators) if {*step.outputs} & {*wanted})
        part.operators = part.operators[: last + 1]
        part.outputs = wanted
        model.signatureDefs = None
        return _packed(model)

    @property
    def constants(self) -> frozenset[str]:
        """The names of the tensors whose numbers are in the file."""
        return frozenset(
            one.name.decode()
            for one in self._part.tensors
            if (data := self._model.buffers[one.buffer].data) is not None and len(data)
        )

    @property
    def sources(self) -> tuple[int, ...]:
        """The tensors of the inputs."""
        return tuple(int(tensor) for tensor in self._part.inputs)

    def _operation(self, steps: tuple[int, ...], readers: Counter[int]) -> Operation:
        first = self._part.operators[steps[0]]
        kind = self._kind(first)
        weights = self._weights(steps[0])
        assert weights is not None  # noqa: S101 - so these steps were chosen
        shape = tuple(int(size) for size in self._part.tensors[weights].shape)
        return Operation(
            kind,
            tuple(self._name(step) for step in steps),
            steps,
            tuple(int(self._part.operators[step].inputs[0]) for step in steps),
            weights,
            shape,
            self._bias(steps, readers),
            _window(first, shape) if kind == CONVOLUTION else None,
        )

    def _weights(self, step: int) -> int | None:
        """Return the tensor of a step's weights: a constant of floats that the quantiser can make smaller."""
        operands = _OPERANDS.get(self._kind(self._part.operators[step]))
        if operands is None:
            return None
        tensor = int(self._part.operators[step].inputs[operands[0]])
        return tensor if self._is_float_constant(tensor) else None

    def _bias(self, steps: tuple[int, ...], readers: Counter[int]) -> int | None:
        place = _OPERANDS[self._kind(self._part.operators[steps[0]])][1]
        inputs = [self._part.operators[step].inputs for step in steps]
        if place is None or any(len(one) <= place for one in inputs):
            return None
        tensors = {int(one[place]) for one in inputs}
        tensor = tensors.pop()
        if tensors or tensor == _NONE or not self._is_float_constant(tensor):
            return None
        alone = readers[self._part.tensors[tensor].buffer] == len(steps)
        return tensor if alone else None

    def _is_float_constant(self, tensor: int) -> bool:
        one = self._part.tensors[tensor]
        data = self._model.buffers[one.buffer].data
        return one.type == schema.TensorType.FLOAT32 and data is not None and len(data) > 0

    def _kind(self, step: Any) -> str:
        return flatbuffer_utils.opcode_to_name(self._model, step.opcodeIndex) or ""

    def _name(self, step: int) -> str:
        outputs = self._part.operators[step].outputs
        return ";".join(self._part.tensors[tensor].name.decode() for tensor in outputs)

    def _unpacked(self) -> Any:
        return flatbuffer_utils.convert_bytearray_to_object(bytearray(self.content))


def _packed(model: Any) -> bytes:
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _window(step: Any, shape: tuple[int, ...]) -> Window | None:
    options = step.builtinOptions
    if (options.dilationHFactor, options.dilationWFactor) != (1, 1):
        return None
    return Window(
        (shape[1], shape[2]), (options.strideH, options.strideW), options.padding == schema.Padding.SAME
    )
