"""Makes the graph of a plan: a setting for each operation, its weights fitted to what it then reads."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from bundle.normalizer import FloatArray
from training.export.mixed.graph import Graph
from training.export.mixed.rounding import Problem, Shown
from training.export.mixed.settings import STATIC, Setting
from training.export.mixed.storing import Plan, recipe_of, stored
from training.export.mixed.taps import Rows, read
from training.export.quantizer import Ranges, ranges_of

_RANGE_ROWS = 200

Values = Mapping[int, FloatArray]
"""What takes the place of constants, by tensor."""


class Maker:
    """Makes graphs of one float graph; weights are fitted to `shown`, and ranges taken from them."""

    def __init__(self, graph: Graph, shown: Rows) -> None:
        self.graph = graph
        self.shown = shown
        self._problem: tuple[int, Problem] | None = None  # of the last operation: each may be much
        self._alone: dict[tuple[int, Setting], Values] = {}
        self._in_turn: dict[tuple[Setting, ...], Values] = {}  # of the last plan, by its beginnings

    def roughly(self, plan: Plan) -> bytes:
        """Make it with weights that are fitted as if all else were whole: quick, for plans to be compared."""
        values: dict[int, FloatArray] = {}
        for place, setting in enumerate(plan):
            if (place, setting) not in self._alone:
                fits = setting.quantized and self.graph.operations[place].fittable
                found = self._fitted(place, setting, self._whole_problem(place)) if fits else {}
                self._alone[place, setting] = found
            values.update(self._alone[place, setting])
        return self._stored(self.graph.with_values(values), plan)

    def make(self, plan: Plan) -> bytes:
        """Make it with weights that make good what those before them lost."""
        known, values = self._in_turn, dict[int, FloatArray]()
        self._in_turn = {}
        for place, setting in enumerate(plan):
            if not (setting.quantized and self.graph.operations[place].fittable):
                continue
            beginning = tuple(plan[: place + 1])
            if (found := known.get(beginning)) is None:
                graph = self.graph.with_values(values) if values else self.graph
                found = self._fitted(place, setting, self._problem_in(graph, place))
            self._in_turn[beginning] = found
            values.update(found)
        return self._stored(self.graph.with_values(values), plan)

    @cached_property
    def _ranges(self) -> Ranges:
        """Between what the tensors of the float graph lie, but for its constants: those will be others."""
        rows = self.shown.in_shape[:_RANGE_ROWS]
        rules = recipe_of(self.graph, [STATIC] * len(self.graph.operations))
        found = ranges_of(self.graph.content, rules, rows)
        return {name: ends for name, ends in found.items() if name not in self.graph.constants}

    def _stored(self, graph: Graph, plan: Plan) -> bytes:
        return stored(graph, plan, self._ranges if STATIC in plan else None)

    def _whole_problem(self, place: int) -> Problem:
        if self._problem is None or self._problem[0] != place:
            self._problem = place, self._problem_in(self.graph, place)
        return self._problem[1]

    def _problem_in(self, graph: Graph, place: int) -> Problem:
        """Return what is to be fitted of an operation that reads what `graph` gives it."""
        operation = self.graph.operations[place]
        whole = read(self.graph, operation, self.shown)
        rounded = whole if graph is self.graph else read(graph, operation, self.shown)
        weights = self.graph.values(operation.weights)
        bias = None if operation.bias is None else self.graph.values(operation.bias)
        return Problem(weights.reshape(len(weights), -1), bias, Shown(whole, rounded))

    def _fitted(self, place: int, setting: Setting, problem: Problem) -> Values:
        operation = self.graph.operations[place]
        result = problem.fit(setting.bits, one_scale=setting.one_scale)
        values = {operation.weights: result.weights.reshape(operation.shape)}
        if operation.bias is not None and result.bias is not None:
            values[operation.bias] = result.bias
        return values
