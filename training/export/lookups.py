"""Rewrites the lookup of words in a graph as the operation that a quantiser knows.

TensorFlow's converter makes GATHER of an embedding, and ai-edge-quantizer leaves the table of a GATHER in
float32: of a model of texts, most of the file. EMBEDDING_LOOKUP answers the same for a list of ids, and its
table may have few bits; its rows become floats as they are read, which costs no more than reading floats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


def with_lookups(content: bytes) -> tuple[bytes, list[int]]:
    """Return a `.tflite` graph with every GATHER from a float table of two dimensions as EMBEDDING_LOOKUP.

    With it comes how many numbers a row of each such table has; where there is none, the graph is as it was.
    """
    from ai_edge_litert.tools import flatbuffer_utils

    model: Any = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    numbers: list[int] = []
    for graph in model.subgraphs:
        rewriting = _Rewriting(model, graph, numbers)
        graph.operators = [made for operator in graph.operators for made in rewriting.of(operator)]
    return (bytes(flatbuffer_utils.convert_object_to_bytearray(model)) if numbers else content), numbers


@dataclass(frozen=True)
class _Rewriting:
    """One graph of a model, which is changed in place."""

    model: Any
    graph: Any
    numbers: list[int]

    def of(self, operator: Any) -> list[Any]:
        """Return what stands in the place of an operator: itself, or a lookup between two reshapes."""
        from ai_edge_litert import schema_py_generated as schema

        operators, integer = schema.BuiltinOperator, schema.TensorType.INT32
        if not self._gathers_words(operator):
            return [operator]
        table, ids = operator.inputs
        numbers, inner = int(self.graph.tensors[table].shape[1]), list(self.graph.tensors[ids].shape[1:])
        many = int(np.prod(inner, dtype=int))
        self.numbers.append(numbers)
        flat = self._tensor("ids", [many], integer, signature=[-1])
        rows = self._tensor("rows", [many, numbers], schema.TensorType.FLOAT32, signature=[-1, numbers])
        return [
            self._operator(operators.RESHAPE, [ids, self._constant("flat", [-1])], flat),
            self._operator(operators.EMBEDDING_LOOKUP, [flat, table], rows),
            self._operator(
                operators.RESHAPE,
                [rows, self._constant("shape", [-1, *inner, numbers])],
                operator.outputs[0],
            ),
        ]

    def _gathers_words(self, operator: Any) -> bool:
        """Tell whether an operator takes rows of a constant table by ids, of which only the batch is open."""
        from ai_edge_litert import schema_py_generated as schema

        code = self.model.operatorCodes[operator.opcodeIndex]
        if max(code.builtinCode, code.deprecatedBuiltinCode) != schema.BuiltinOperator.GATHER:
            return False
        table, ids = (self.graph.tensors[index] for index in operator.inputs)
        held, options = self.model.buffers[table.buffer].data, operator.builtinOptions
        signature = ids.shape if ids.shapeSignature is None else ids.shapeSignature
        return bool(
            held is not None
            and len(held)
            and (table.type, ids.type) == (schema.TensorType.FLOAT32, schema.TensorType.INT32)
            and len(table.shape) == 2
            and len(signature) > 0
            and min(signature[1:], default=1) > 0
            and (options.axis, options.batchDims) == (0, 0)
        )

    def _tensor(self, name: str, shape: list[int], kind: int, *, signature: list[int]) -> int:
        return self._add(name, shape, kind, 0, signature)

    def _constant(self, name: str, values: list[int]) -> int:
        from ai_edge_litert import schema_py_generated as schema

        buffer: Any = schema.BufferT()
        buffer.data = np.frombuffer(np.array(values, np.int32).tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        return self._add(name, [len(values)], schema.TensorType.INT32, len(self.model.buffers) - 1, None)

    def _add(self, name: str, shape: list[int], kind: int, buffer: int, signature: list[int] | None) -> int:
        from ai_edge_litert import schema_py_generated as schema

        tensor: Any = schema.TensorT()
        position = len(self.graph.tensors)
        tensor.name, tensor.shape, tensor.type = f"lookup_{name}_{position}", shape, kind
        tensor.buffer, tensor.shapeSignature = buffer, signature
        self.graph.tensors.append(tensor)
        return position

    def _operator(self, kind: int, inputs: list[int], output: int) -> Any:
        from ai_edge_litert import schema_py_generated as schema

        code: Any = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = kind
        code.version = 1
        self.model.operatorCodes.append(code)
        operator: Any = schema.OperatorT()
        operator.opcodeIndex = len(self.model.operatorCodes) - 1
        operator.inputs, operator.outputs = inputs, [output]
        if kind == schema.BuiltinOperator.RESHAPE:
            operator.builtinOptionsType = schema.BuiltinOptions.ReshapeOptions
            operator.builtinOptions = schema.ReshapeOptionsT()
        return operator
