"""The one register of precisions: what each is called, what it is made of, and which models cannot have it.

To add one, write its entry into LADDER; where no maker in `training/export/makers.py` can make it, write that
too. The names of the options, the checks on its files, the search and the diagnosis ask here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from bundle.manifest import REFERENCE, RESERVED

FLOAT_BITS = 32  # in which weights and activations are said to be whole: nothing was taken from them
PLAIN_WIDTH = 1.0  # the architecture as `--hidden` says it; its rungs bear the bare names of precisions

Ranges: TypeAlias = Literal["none", "each call", "calibration"]


@dataclass(frozen=True)
class Precision:
    """How the numbers of a graph are stored and computed with."""

    name: str
    maker: str
    """What makes its file: a name in `training.export.makers`, or SAVED_MODEL of what Keras writes itself."""
    weight_bits: int
    """Bits of a weight in the file; of fewer than 8, convolutions have 8 all the same."""
    activation_bits: int = FLOAT_BITS
    ranges: Ranges = "none"
    """Where activations that become integers get their scale from."""
    fast: bool = False
    """Whether a CPU has fast kernels for it: a search chooses among these unless it is told others."""
    not_of_tokens: str | None = None
    """Why a model that reads token ids cannot have it; None where it can."""

    @property
    def bytes_a_weight(self) -> float:
        return self.weight_bits / 8

    @property
    def exact(self) -> bool:
        """Whether its graph answers as Keras does but for the order of additions; all others round."""
        return (self.weight_bits, self.activation_bits) == (FLOAT_BITS, FLOAT_BITS)

    @property
    def calibrated(self) -> bool:
        """Whether its ranges are fixed when it is made, from rows that are shown then."""
        return self.ranges == "calibration"


# Keras's own export: the source of all other graphs, and a variant itself, run by TensorFlow.
SAVED_MODEL = "tensorflow"

# The graph of an imported `.tflite`: the source of all others where there is no SavedModel.
GIVEN = "given.tflite"

# Of 4-bit weights: made of a copy that was fine-tuned for them, where that helps.
FOUR_BITS = "weight_int4"

# From the finest weights to the coarsest, then what is slow on a CPU.
LADDER: tuple[Precision, ...] = (
    Precision(REFERENCE, "converter", weight_bits=FLOAT_BITS, fast=True),
    Precision("float16", "converter", weight_bits=16, fast=True),
    Precision("weight_int8", "quantizer", weight_bits=8),
    Precision("dynamic_int8", "converter", weight_bits=8, activation_bits=8, ranges="each call", fast=True),
    Precision("int8", "converter", weight_bits=8, activation_bits=8, ranges="calibration", fast=True),
    Precision(FOUR_BITS, "quantizer", weight_bits=4, activation_bits=8, ranges="each call"),
    Precision(
        "int16x8",
        "converter",
        weight_bits=8,
        activation_bits=16,
        ranges="calibration",
        not_of_tokens="TensorFlow's 16x8 quantiser takes no whole numbers, which token ids are",
    ),
    Precision(SAVED_MODEL, SAVED_MODEL, weight_bits=FLOAT_BITS),
)

# Of several of these, an operation at a time, to a budget of accuracy. It is made where such a budget is
# given, by `training.export.mixed`, and nobody asks for it by its name.
MIXED = Precision("mixed", "mixed", weight_bits=2, activation_bits=8, ranges="each call")

BY_NAME = {precision.name: precision for precision in (*LADDER, MIXED)}
VARIANTS: tuple[Variant, ...] = tuple(precision.name for precision in LADDER)

if TYPE_CHECKING:
    Variant: TypeAlias = str  # which names there are, a type checker cannot compute
else:
    Variant = Literal[VARIANTS]

FAST: tuple[Variant, ...] = tuple(precision.name for precision in LADDER if precision.fast)
CALIBRATED = frozenset(precision.name for precision in LADDER if precision.calibrated)


def in_order(names: tuple[Variant, ...]) -> tuple[Variant, ...]:
    """Return these precisions in the ladder's order, with the one that the others are compared with."""
    return tuple(name for name in VARIANTS if name in names or name == REFERENCE)


@dataclass(frozen=True)
class Rung:
    """A variant before it has a file: the network at a width, or one of several networks, at a precision.

    Example:
        Rung(0.5, "int8").name  # w0.5-int8
        Rung(PLAIN_WIDTH, "int8", "large").name  # large-int8
    """

    width: float
    precision: str
    network: str | None = None
    """Which of several imported models it is of; None of the one that the bundle is named for."""

    @property
    def name(self) -> str:
        return name_of(self.width, self.precision, self.network)

    @property
    def folder(self) -> str:
        """The folder of its files, below that of all variants."""
        return folder_name(self.width, self.network)


def name_of(width: float, precision: str, network: str | None = None) -> str:
    """Return the name of a variant: `int8`, `w0.5-int8` at half the width, `large-int8` of that network."""
    return _named(folder_name(width, network), precision)


def sibling(variant: str, precision: str) -> str:
    """Return the name of the same graph at another precision: of `w0.5-int8`, `w0.5-float32`."""
    return _named(graph_of(variant), precision)


def _named(graph: str, precision: str) -> str:
    return f"{graph}-{precision}" if graph else precision


def precision_of(variant: str) -> str:
    """Return what the name of a variant says of its precision: of `w0.5-int8`, `int8`."""
    return variant.rpartition("-")[2]


def graph_of(variant: str) -> str:
    """Return what the name of a variant says of its graph: `w0.5`, the name of a network, or nothing."""
    return variant.rpartition("-")[0]


def folder_name(width: float, network: str | None = None) -> str:
    """Return the folder of a graph's files, below that of all variants: none of its own for the plain one."""
    return network or ("" if width == PLAIN_WIDTH else f"w{width:g}")


def is_width(graph: str) -> bool:
    """Whether what stands before a precision in the name of a variant is a width: `w0.5` is."""
    return re.fullmatch(r"w[0-9.]+(e[+-]?[0-9]+)?", graph) is not None


def require_network_name(name: str) -> None:
    """Raise ValueError where a network cannot be called that: its variants could be taken for others."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,39}", name) is None:
        raise ValueError(f"{name!r} is no name: 1 to 40 letters, digits, _ and -, the first a letter")
    if name in RESERVED:
        raise ValueError(f"{name!r} is what a service is asked for by name; call the network otherwise")
    if is_width(name) or name in BY_NAME:
        kind = "a width" if is_width(name) else "a precision"
        raise ValueError(f"{name!r} is the name of {kind}; call the network otherwise")


def scaled(units: tuple[int, ...], width: float) -> tuple[int, ...]:
    """Return the sizes of layers at a width: at least one unit each, halves rounded up."""
    return tuple(max(1, int(count * width + 0.5)) for count in units)
