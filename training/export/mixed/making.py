"""Makes the graph of a plan: a setting for each operation, its weights fitted to what it then reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from bundle.normalizer import FloatArray
from training.export.mixed.graph import Graph
from training.export.mixed.rounding import Shown, fit
from training.export.mixed.settings import STATIC, Setting
from training.export.mixed.storing import Plan, recipe_of, stored
from training.export.mixed.taps import Rows, read
from training.export.quantizer import Ranges, ranges_of

_RANGE_ROWS = 200


@dataclass(frozen=True)
class Maker:
    """Makes graphs of one float graph."""

    graph: Graph
    shown: Rows
    """The rows that weights are fitted to, and ranges taken from."""
    _whole: dict[int, FloatArray] = field(default_factory=dict)  # of the last operation: it may be much
    _alone: dict[tuple[int, Setting], Mapping[int, FloatArray]] = field(default_factory=dict)

    def roughly(self, plan: Plan) -> bytes:
        """Make it with weights that are fitted as if all else were whole: quick, for plans to be compared."""
        values: dict[int, FloatArray] = {}
        for place, setting in enumerate(plan):
            if (place, setting) not in self._alone:
                whole = self._read_whole(place, setting)
                self._alone[place, setting] = self._fitted(place, setting, whole)
            values.update(self._alone[place, setting])
        return self._stored(self.graph.with_values(values), plan)

    def make(self, plan: Plan) -> bytes:
        """Make it with weights that make good what those before them lost."""
        values: dict[int, FloatArray] = {}
        graph = self.graph
        for place, setting in enumerate(plan):
            if setting.quantized and self.graph.operations[place].fittable:
                rounded = read(graph, self.graph.operations[place], self.shown)
                values.update(self._fitted(place, setting, rounded))
                graph = self.graph.with_values(values)
        return self._stored(graph, plan)

    @cached_property
    def _ranges(self) -> Ranges:
        """Between what the tensors of the float graph lie, but for its constants: those will be others."""
        rows = self.shown.in_shape[:_RANGE_ROWS]
        rules = recipe_of(self.graph, [STATIC] * len(self.graph.operations))
        found = ranges_of(self.graph.content, rules, rows)
        return {name: ends for name, ends in found.items() if name not in self.graph.constants}

    def _stored(self, graph: Graph, plan: Plan) -> bytes:
        return stored(graph, plan, self._ranges if STATIC in plan else None)

    def _read_whole(self, place: int, setting: Setting) -> FloatArray | None:
        """Return what an operation reads in the float graph; None where nothing is to be fitted to it."""
        operation = self.graph.operations[place]
        if not (setting.quantized and operation.fittable):
            return None
        if place not in self._whole:
            self._whole.clear()
            self._whole[place] = read(self.graph, operation, self.shown)
        return self._whole[place]

    def _fitted(self, place: int, setting: Setting, rounded: FloatArray | None) -> Mapping[int, FloatArray]:
        """Return what takes the place of an operation's constants, by tensor."""
        operation = self.graph.operations[place]
        whole = self._read_whole(place, setting)
        if whole is None or rounded is None:
            return {}
        weights = self.graph.values(operation.weights)
        bias = None if operation.bias is None else self.graph.values(operation.bias)
        flat = weights.reshape(len(weights), -1)
        result = fit(flat, bias, Shown(whole, rounded), setting.bits, one_scale=setting.one_scale)
        values = {operation.weights: result.weights.reshape(weights.shape)}
        if operation.bias is not None and result.bias is not None:
            values[operation.bias] = result.bias
        return values
