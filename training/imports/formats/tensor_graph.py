"""Reads what a TensorFlow graph is made of, through the functions that it calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from training.imports.formats.endings import PASSING, Ending, ending

_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
_REMEMBERING = frozenset({"Assign", "AssignAdd", "AssignSub"})
_OUTSIDE = frozenset(
    {
        *("ReadFile", "WriteFile", "MatchingFiles", "TextLineReaderV2", "WholeFileReaderV2"),
        *("PyFunc", "PyFuncStateless", "EagerPyFunc"),
    }
)
_CALLS_MAX = 1000  # one inside the other, which a damaged graph may do without end


def operations(graph: Any) -> Iterator[Any]:
    """Yield every node of a GraphDef, and of all its functions."""
    yield from graph.node
    for function in graph.library.function:
        yield from function.node_def


def remembering(graph: Any) -> list[str]:
    """Return the operations that keep something from one call to the next."""
    names = {node.op for node in operations(graph)}
    return sorted(
        name
        for name in names
        if name in _REMEMBERING
        or (name.startswith(("Assign", "ResourceScatter")) and name != "AssignVariable")
    )


def outside(graph: Any) -> list[str]:
    """Return the operations that reach for files, or for Python."""
    return sorted({node.op for node in operations(graph)} & _OUTSIDE)


def keep_called(graph: Any) -> None:
    """Take away the functions that nothing calls: a SavedModel holds those of its training as well."""
    library = {function.signature.name: function for function in graph.library.function}
    called: dict[str, Any] = {}
    waiting = list(_called_by(graph.node))
    while waiting:
        name = waiting.pop()
        if name in library and name not in called:
            called[name] = library[name]
            waiting.extend(_called_by(library[name].node_def))
    kept = [type(function).FromString(function.SerializeToString()) for function in called.values()]
    del graph.library.function[:]
    graph.library.function.extend(kept)


def forget_shapes(graph: Any) -> None:
    """Take away what is noted of shapes: with another batch it is wrong, and optimisers trust it."""
    for node in operations(graph):
        node.attr.pop("_output_shapes", None)
    for function in graph.library.function:
        for attributes in (function.attr, *(argument.attr for argument in function.arg_attr.values())):
            attributes.pop("_input_shapes", None)
            attributes.pop("_output_shapes", None)


def _called_by(nodes: Iterable[Any]) -> Iterator[str]:
    for node in nodes:
        for value in node.attr.values():
            if value.HasField("func"):
                yield value.func.name
            yield from (function.name for function in value.list.func)


def ending_of(graph: Any, tensor: str) -> Ending:
    """Return what makes a tensor, `node:0` by its name."""
    library = {function.signature.name: function for function in graph.library.function}
    nodes = {node.name: node for node in graph.node}
    for _ in range(_CALLS_MAX):
        name, _, place = tensor.partition(":")  # in a function: `node:output:0`
        node = nodes.get(name)
        if node is None:
            return "unknown"  # an argument of a function: what came before its call is not followed
        if node.op in _CALLS and node.attr["f"].func.name in library:
            function = library[node.attr["f"].func.name]
            output = function.signature.output_arg[int(place.rpartition(":")[2] or 0)]
            tensor, nodes = function.ret[output.name], {node.name: node for node in function.node_def}
        elif node.op in PASSING:
            tensor = node.input[0]
        else:
            return ending(node.op)
    return "unknown"


def weights(graph: Any) -> int:
    """Return how many floating point numbers a graph without variables holds."""
    import tensorflow as tf

    count = 0
    for node in operations(graph):
        if node.op == "Const" and tf.dtypes.as_dtype(node.attr["dtype"].type).is_floating:
            count += tf.TensorShape(node.attr["value"].tensor.tensor_shape).num_elements()
    return count
