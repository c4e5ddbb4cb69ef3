"""Runs a `.tflite` graph so that every value between its operations can be read, in real units.

The kernels are LiteRT's built-in ones: XNNPACK, which serves, keeps nothing in between. They may round
otherwise in the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from bundle.normalizer import FloatArray
from bundle.runtimes.ports import Port

_CONVERSIONS = {"QUANTIZE", "DEQUANTIZE"}  # they change what a number is written in, and not the number


@dataclass(frozen=True)
class Operation:
    """One step of a graph that computes something."""

    kind: str
    """The operation as LiteRT calls it, such as FULLY_CONNECTED."""
    name: str
    """That of its first output."""
    outputs: tuple[int, ...]
    inputs: tuple[int, ...]


@dataclass(frozen=True)
class Quantization:
    """How integers of a tensor stand for numbers: (q - zero point) * scale."""

    scales: FloatArray  # (1,), or (slices,): one for each slice along `axis`
    zero_points: npt.NDArray[np.int64]  # as `scales`
    axis: int
    lowest: int
    highest: int

    def real(self, values: npt.NDArray[np.integer]) -> FloatArray:
        """Return the numbers that integer `values` of the whole tensor stand for."""
        shape = [1] * values.ndim
        if len(self.scales) > 1:
            shape[self.axis] = len(self.scales)
        return ((values - self.zero_points.reshape(shape)) * self.scales.reshape(shape)).astype(np.float32)

    @property
    def range(self) -> tuple[float, float]:
        """The least and the greatest number that there is an integer for, of a tensor with one scale."""
        scale, zero = float(self.scales[0]), int(self.zero_points[0])
        return (self.lowest - zero) * scale, (self.highest - zero) * scale


class OpenGraph:
    """A graph with one input of (batch, *shape), of floats or of integers, at one batch size.

    Raises ValueError where `content` is no such graph.
    """

    def __init__(self, content: bytes, batch: int, shape: tuple[int, ...]) -> None:
        try:
            self._interpreter = Interpreter(
                model_content=content,
                experimental_preserve_all_tensors=True,
                experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            )
            sources = self._interpreter.get_input_details()
            if len(sources) != 1:
                raise ValueError(f"the graph has {len(sources)} inputs, not one")
            self.source = int(sources[0]["index"])
            self._shape = (batch, *shape)
            # Many a foreign graph does not say that its batch may change.
            self._interpreter.resize_tensor_input(self.source, list(self._shape), strict=len(shape) == 1)
            self._interpreter.allocate_tensors()
            self._enters = Port.of(sources[0])
        except RuntimeError as error:
            raise ValueError(f"LiteRT cannot run it ({error})") from error
        self._details = {int(one["index"]): one for one in self._interpreter.get_tensor_details()}
        steps = self._interpreter._get_ops_details()  # noqa: SLF001 - there is no public way to the operations
        self._converted = {
            int(step["outputs"][0]): int(step["inputs"][0])
            for step in steps
            if step["op_name"] in _CONVERSIONS
        }
        self.operations = tuple(
            self._operation(step)
            for step in steps
            if step["op_name"] not in _CONVERSIONS and not self._counts(step)
        )
        outputs = (tensor for one in self.operations for tensor in one.outputs)
        self._computed = {self.source, *self._converted, *outputs}

    def run(self, rows: FloatArray) -> None:
        """Compute everything for normalised `rows`, (batch, features)."""
        fed = rows.reshape(self._shape)
        self._interpreter.set_tensor(self.source, fed if self._enters is None else self._enters.enter(fed))
        self._interpreter.invoke()

    def value(self, tensor: int) -> FloatArray:
        """Return a copy of what a tensor holds after `run`, in real units."""
        values = self._interpreter.get_tensor(tensor)
        quantization = self.quantization(tensor)
        return values.astype(np.float32) if quantization is None else quantization.real(values)

    def quantization(self, tensor: int) -> Quantization | None:
        """Return how a tensor is quantised; None where it holds floats, or integers that are just that."""
        details = self._details[tensor]
        parameters = details["quantization_parameters"]
        if not len(parameters["scales"]) or not np.issubdtype(details["dtype"], np.integer):
            return None
        limits = np.iinfo(details["dtype"])
        return Quantization(
            parameters["scales"],
            parameters["zero_points"].astype(np.int64),
            int(parameters["quantized_dimension"]),
            int(limits.min),
            int(limits.max),
        )

    @property
    def written_input(self) -> int:
        """The tensor that holds the input as the graph writes it down first: in integers, or as it came."""
        written = (output for output, source in self._converted.items() if source == self.source)
        return next(written, self.source)

    def weights(self, operation: Operation) -> list[int]:
        """Return the positions among `operation.inputs` that hold constant matrices of numbers."""
        return [
            position
            for position, tensor in enumerate(operation.inputs)
            if self.origin(tensor) not in self._computed
            and len(self._details[tensor]["shape"]) >= 2
            and (self.quantization(tensor) or np.issubdtype(self._details[tensor]["dtype"], np.floating))
        ]

    def origin(self, tensor: int) -> int:
        """Return the tensor that holds the same numbers as they are stored, or as they were computed."""
        return self._converted.get(tensor, tensor)

    def sources(self, operation: Operation) -> list[int]:
        """Return the tensors among its inputs that other operations computed."""
        return [tensor for tensor in operation.inputs if tensor in self._computed]

    def _counts(self, step: dict[str, Any]) -> bool:
        """Whether an operation is about sizes and places, as those of an open batch are."""
        outputs = [int(tensor) for tensor in step["outputs"]]
        return all(
            np.issubdtype(self._details[tensor]["dtype"], np.integer) and self.quantization(tensor) is None
            for tensor in outputs
        )

    def _operation(self, step: dict[str, Any]) -> Operation:
        outputs = tuple(int(tensor) for tensor in step["outputs"])
        return Operation(
            str(step["op_name"]),
            str(self._details[outputs[0]]["name"]),
            outputs,
            tuple(int(tensor) for tensor in step["inputs"] if tensor >= 0),  # -1: left out
        )
