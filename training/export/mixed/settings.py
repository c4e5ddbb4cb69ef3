"""The ways in which one operation can be stored and computed with, and what the quantiser calls them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from training.export.mixed.graph import CONVOLUTION, DENSE, Operation
from training.precisions import FLOAT_BITS

_FEW_BITS = frozenset({CONVOLUTION, DENSE, "EMBEDDING_LOOKUP"})  # what the quantiser gives fewer than 8
_SHARE_MIN = 0.002  # of all weights: an operation with fewer is worth no trial in fewer than 8 bits


@dataclass(frozen=True)
class Setting:
    """How an operation is stored and computed with."""

    name: str
    bits: int
    """Of a weight."""
    whole: bool = False
    """Whether it computes with floats; else activations are integers of 8 bits, scaled in each call."""
    one_scale: bool = False
    """Whether all weights have one scale; else each output has its own."""

    @property
    def quantized(self) -> bool:
        return self.bits < FLOAT_BITS

    def suits(self, operation: Operation, weights: int) -> bool:
        """Tell whether it can be had, and is worth a trial, in a graph with so many `weights` in all."""
        if self.bits >= 8:
            return not self.one_scale or operation.fittable
        return operation.kind in _FEW_BITS and operation.count >= _SHARE_MIN * weights


FLOAT = Setting("float32", FLOAT_BITS, whole=True)
EIGHT = Setting("dynamic_int8", 8)
SETTINGS: tuple[Setting, ...] = (
    FLOAT,
    Setting("weight_int8", 8, whole=True),
    EIGHT,
    Setting("dynamic_int8_one_scale", 8, one_scale=True),
    Setting("dynamic_int4", 4),
    Setting("dynamic_int4_one_scale", 4, one_scale=True),
    Setting("dynamic_int2", 2),
)
BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS}
