"""The ways in which one operation can be stored and computed with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from training.config import Objective
from training.export.mixed.graph import CONVOLUTION, DENSE, WORDS, Operation
from training.models.straight_through import fits_bytes
from training.precisions import FLOAT_BITS, Ranges

# What runs in so few bits. LiteRT answers nonsense where a convolution has 2.
_KINDS: Mapping[int, frozenset[str]] = {
    4: frozenset({CONVOLUTION, DENSE, WORDS}),
    2: frozenset({DENSE}),
}
_SHARE_MIN = 0.002  # of all weights: an operation with fewer is worth no trial in fewer than 8 bits


@dataclass(frozen=True)
class Setting:
    """How an operation is stored and computed with."""

    name: str
    bits: int
    """Of a weight."""
    ranges: Ranges = "each call"
    """Where activations get their scale from as integers of 8 bits; `none` where they stay floats."""
    one_scale: bool = False
    """Whether all weights have one scale; else each output has its own."""

    @property
    def quantized(self) -> bool:
        return self.bits < FLOAT_BITS

    def suits(self, operation: Operation, weights: int) -> bool:
        """Tell whether it can be had, and is worth a trial, in a graph with so many `weights` in all."""
        if operation.kind == WORDS and (self.one_scale or (self.ranges != "each call" and self.quantized)):
            return False  # how it has scales is given, and words are not computed with
        if self.bits >= 8:
            return not self.one_scale or operation.fittable
        if operation.kind == WORDS and not fits_bytes(operation.shape[-1]):
            return False
        return operation.kind in _KINDS[self.bits] and operation.count >= _SHARE_MIN * weights


FLOAT = Setting("float32", FLOAT_BITS, "none")
DYNAMIC = Setting("dynamic_int8", 8)
ONE_SCALE = Setting("dynamic_int8_one_scale", 8, one_scale=True)
STATIC = Setting("int8", 8, "calibration")

FOUR_BITS = Setting("dynamic_int4", 4)

# The first is that in which nothing is lost. int8 has no fewer bytes than 8 bits with a scale from each call.
# Which is fastest is the processor's doing and is measured: of an MLP, 4 bits were 1.3 times as fast as 8 for
# one row and no faster for 32, and of the small ResNet eight times slower (VNNI). Of 2 bits, nothing was.
SETTINGS: Mapping[Objective, tuple[Setting, ...]] = {
    "bytes": (
        FLOAT,
        Setting("weight_int8", 8, "none"),
        DYNAMIC,
        ONE_SCALE,
        FOUR_BITS,
        Setting("dynamic_int4_one_scale", 4, one_scale=True),
        Setting("dynamic_int2", 2),
    ),
    "time": (FLOAT, DYNAMIC, ONE_SCALE, STATIC, FOUR_BITS),
}
BY_NAME: Mapping[str, Setting] = {one.name: one for of in SETTINGS.values() for one in of}
