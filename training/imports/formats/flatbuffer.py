"""Reads what a `.tflite` graph is made of, and writes it anew with a SignatureDef and names of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

from bundle.manifest import REFERENCE
from bundle.runtimes.base import ROWS
from training.imports.formats.endings import PASSING, Ending, ending

SIGNATURE = "serving_default"
ANSWERS = "answers"

_REMEMBERING = frozenset({"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"})
_WEIGHTS = frozenset({"FLOAT32", "FLOAT16", "INT8", "UINT8", "INT4", "INT2"})


def _names(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}


_TYPES = _names(schema.TensorType)
_OPERATIONS = _names(schema.BuiltinOperator)


@dataclass(frozen=True)
class Operation:
    name: str
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]


class Graph:
    """A `.tflite` file taken apart. Raises whatever a damaged one leads to."""

    def __init__(self, content: bytes) -> None:
        self._model: Any = flatbuffer_utils.read_model_from_bytearray(content)
        self._main = self._model.subgraphs[0]

    @property
    def inputs(self) -> list[Any]:
        return [self._main.tensors[index] for index in self._main.inputs]

    @property
    def outputs(self) -> list[Any]:
        return [self._main.tensors[index] for index in self._main.outputs]

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Every operation, of the main graph first."""
        return tuple(
            operation for subgraph in self._model.subgraphs for operation in self._operations_of(subgraph)
        )

    def _operations_of(self, subgraph: Any) -> Iterator[Operation]:
        codes = [_operation_name(code) for code in self._model.operatorCodes]
        for operator in subgraph.operators or ():
            inputs, outputs = (
                tuple(subgraph.tensors[index] for index in indices if index >= 0)  # -1: it is left out
                for indices in (operator.inputs, operator.outputs)
            )
            yield Operation(codes[operator.opcodeIndex], inputs, outputs)

    @property
    def remembering(self) -> list[str]:
        """The operations that keep something from one call to the next."""
        return sorted(
            {
                operation.name
                for operation in self.operations
                if operation.name in _REMEMBERING or any(tensor.isVariable for tensor in operation.inputs)
            }
        )

    @property
    def ending(self) -> Ending:
        """What makes its first output."""
        made_by = {id(tensor): operation for operation in self.operations for tensor in operation.outputs}
        operation = made_by.get(id(self.outputs[0]))
        while operation is not None and operation.name in PASSING:
            operation = made_by.get(id(operation.inputs[0]))
        return "unknown" if operation is None else ending(operation.name)

    @property
    def weights(self) -> int:
        """How many numbers it holds that are not sizes, axes or the biases of integer operations."""
        return sum({tensor.buffer: prod(tensor.shape) for _, tensor in self._weights()}.values())

    @property
    def precision(self) -> str:
        """What most weights are of those that are not whole, by its name in the ladder; or what all are."""
        counts: Counter[str] = Counter()
        for operation, tensor in self._weights():
            counts[self._precision_of(operation, tensor)] += prod(tensor.shape)
        del counts[REFERENCE]
        return counts.most_common(1)[0][0] if counts else REFERENCE

    def _weights(self) -> Iterator[tuple[Operation, Any]]:
        for operation in self.operations:
            for tensor in operation.inputs:
                if _TYPES[tensor.type] in _WEIGHTS and self._is_constant(tensor):
                    yield operation, tensor

    def _precision_of(self, operation: Operation, weights: Any) -> str:
        kind = _TYPES[weights.type]
        if kind in ("FLOAT32", "FLOAT16"):
            return kind.lower()
        if kind in ("INT4", "INT2"):
            return "weight_int4"
        activations = {_TYPES[tensor.type] for tensor in operation.inputs if not self._is_constant(tensor)}
        if "INT16" in activations:
            return "int16x8"
        if activations & {"INT8", "UINT8"}:
            return "int8"
        return "dynamic_int8" if "FLOAT32" in activations else "weight_int8"  # which are made floats first

    def _is_constant(self, tensor: Any) -> bool:
        data = self._model.buffers[tensor.buffer].data
        return data is not None and len(data) > 0

    @property
    def signatures(self) -> list[str]:
        return [_text(signature.signatureKey) for signature in self._model.signatureDefs or ()]

    @property
    def has_nameless(self) -> bool:
        """Whether tensors of the main graph share a name, or lack one: a quantiser tells them by it."""
        names = {_text(tensor.name) for tensor in self._main.tensors}
        return len(names) < len(self._main.tensors) or "" in names

    def named(self) -> bytes:
        """Return the same graph with a signature, if it has none, and with a name for each tensor."""
        if not self._model.signatureDefs:
            signature = schema.SignatureDefT()
            signature.signatureKey = SIGNATURE
            signature.subgraphIndex = 0
            signature.inputs = [_entry(ROWS, self._main.inputs[0])]
            signature.outputs = [_entry(ANSWERS, self._main.outputs[0])]
            self._model.signatureDefs = [signature]
        seen: set[str] = set()
        for index, tensor in enumerate(self._main.tensors):
            name = _text(tensor.name)
            if not name or name in seen:
                tensor.name = name = f"{name};{index}"
            seen.add(name)
        return bytes(flatbuffer_utils.convert_object_to_bytearray(self._model))


def dims(tensor: Any) -> tuple[int, ...]:
    """Return the shape of a tensor, -1 where a size is open."""
    shape = tensor.shape if tensor.shapeSignature is None else tensor.shapeSignature
    return () if shape is None else tuple(int(size) for size in shape)


def name_of(tensor: Any) -> str:
    return _text(tensor.name)


def dtype_of(tensor: Any) -> str:
    return _TYPES[tensor.type].lower()


def _operation_name(code: Any) -> str:
    """Return the name of an operation, whose number files of before 2020 have in the other field."""
    name = _OPERATIONS[max(code.builtinCode, code.deprecatedBuiltinCode)]
    return _text(code.customCode) if name == "CUSTOM" else name


def _entry(name: str, index: int) -> Any:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, index
    return entry


def _text(name: bytes | str | None) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name or ""
