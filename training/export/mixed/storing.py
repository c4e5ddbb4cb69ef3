"""Has ai-edge-quantizer store each operation of a graph as a plan says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeAlias

from training.export.mixed.graph import WORDS, Graph, Operation
from training.export.mixed.settings import DYNAMIC, FLOAT, STATIC, Setting
from training.export.quantizer import Ranges, Recipe, quantize
from training.models.straight_through import block_of

Plan: TypeAlias = Sequence[Setting]
"""A setting for each operation of a graph, in their order."""


def stored(graph: Graph, plan: Plan, ranges: Ranges | None) -> bytes:
    """Return the graph that a plan makes of one in float32; `ranges` where something is calibrated."""
    rules = recipe_of(graph, plan)
    return quantize(graph.content, rules, ranges) if rules else graph.content


def recipe_of(graph: Graph, plan: Plan) -> Recipe:
    """Return the rules of a plan, one for each step of the graph that has weights.

    Where an operation has integers from end to end, so has all that has no weights, and lies between.
    """
    from ai_edge_quantizer.algorithm_manager import AlgorithmName
    from ai_edge_quantizer.qtyping import QuantGranularity, TFLOperationName
    from ai_edge_quantizer.recipe_manager import RecipeManager

    manager: Any = RecipeManager()
    static = STATIC in plan
    if static:
        manager.add_static_config(".*", TFLOperationName.ALL_SUPPORTED, 8, STATIC.bits)
        for border in (TFLOperationName.INPUT, TFLOperationName.OUTPUT):
            manager.add_quantization_config(".*", border, algorithm_key=AlgorithmName.NO_QUANTIZE)
    for operation, setting in zip(graph.operations, plan, strict=True):
        scales = QuantGranularity[_scales(operation, setting)]
        for name in operation.names:
            where = _exactly(name), TFLOperationName(operation.kind)
            if setting == FLOAT and static:
                manager.add_quantization_config(*where, algorithm_key=AlgorithmName.NO_QUANTIZE)
            elif setting.quantized and setting.ranges == "none":
                manager.add_weight_only_config(*where, setting.bits, scales)
            elif setting.ranges == "each call":
                manager.add_dynamic_config(*where, setting.bits, scales)
    rules: Recipe = manager.get_quantization_recipe()
    return rules


def _scales(operation: Operation, setting: Setting) -> str:
    """Return, in the quantiser's words, what has a scale of its own: all, an output, or a block of a word."""
    if operation.kind == WORDS and setting.bits < DYNAMIC.bits:
        block = block_of(operation.shape[-1])
        return f"BLOCKWISE_{block}" if block else "CHANNELWISE"
    return "TENSORWISE" if setting.one_scale or operation.kind == WORDS else "CHANNELWISE"


def _exactly(name: str) -> str:
    """Return the expression that matches the operation of this name, and none whose name begins alike."""
    return f"^{re.escape(name)};?$"
