"""Makes the graph of a plan: a setting for each operation, its weights fitted to what it then reads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bundle.normalizer import FloatArray
from training.export.mixed.graph import Graph, Operation
from training.export.mixed.rounding import Shown, fit
from training.export.mixed.settings import Setting
from training.export.mixed.taps import Rows, read

Plan = Sequence[Setting]
"""A setting for each operation of a graph, in their order."""


@dataclass(frozen=True)
class Maker:
    """Makes graphs of one float graph."""

    graph: Graph
    shown: Rows
    """The rows that weights are fitted to."""
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
        return quantized(self.graph.with_values(values), plan)

    def make(self, plan: Plan) -> bytes:
        """Make it with weights that make good what those before them lost."""
        values: dict[int, FloatArray] = {}
        graph = self.graph
        for place, setting in enumerate(plan):
            if setting.quantized and self.graph.operations[place].fittable:
                rounded = read(graph, self.graph.operations[place], self.shown)
                values.update(self._fitted(place, setting, rounded))
                graph = self.graph.with_values(values)
        return quantized(graph, plan)

    def _read_whole(self, place: int, setting: Setting) -> FloatArray | None:
        """Return what an operation reads in the float graph; None where nothing is to be fitted to it."""
        operation = self.graph.operations[place]
        if not (setting.quantized and operation.fittable):
            return None
        if place not in self._whole:
            self._whole.clear()
            self._whole[place] = read(self.graph, operation, self.shown)
        return self._whole[place]

    def _fitted(
        self, place: int, setting: Setting, rounded: FloatArray | None
    ) -> Mapping[int, FloatArray]:
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


def quantized(graph: Graph, plan: Plan) -> bytes:
    """Have ai-edge-quantizer store each operation as the plan says; all others stay as they are."""
    from ai_edge_quantizer.qtyping import QuantGranularity, TFLOperationName
    from ai_edge_quantizer.quantizer import Quantizer
    from ai_edge_quantizer.recipe_manager import RecipeManager

    recipe: Any = RecipeManager()
    for operation, setting in zip(graph.operations, plan, strict=True):
        if not setting.quantized:
            continue
        add = recipe.add_weight_only_config if setting.whole else recipe.add_dynamic_config
        scales = QuantGranularity.TENSORWISE if setting.one_scale else QuantGranularity.CHANNELWISE
        for name in operation.names:
            kind = TFLOperationName(operation.kind)
            add(_exactly(name), kind, num_bits=setting.bits, granularity=scales)
    rules = recipe.get_quantization_recipe()
    if not rules:
        return graph.content
    quantizer: Any = Quantizer(graph.content, rules)
    result = quantizer.quantize(enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


def _exactly(name: str) -> str:
    """Return the expression that matches the operation of this name, and none whose name begins alike."""
    return f"^{re.escape(name)};?$"
