"""One rung of the ladder: a width of the architecture at a precision, and the names that follow."""

from __future__ import annotations

from dataclasses import dataclass

PLAIN_WIDTH = 1.0  # the architecture as `--hidden` says it; its rungs bear the bare names of precisions


@dataclass(frozen=True)
class Rung:
    """A variant before it has a file.

    Example:
        Rung(0.5, "int8").name  # w0.5-int8
    """

    width: float
    precision: str

    @property
    def name(self) -> str:
        return name_of(self.width, self.precision)


def name_of(width: float, precision: str) -> str:
    """Return the name of a variant: `int8` at width 1, `w0.5-int8` at half of it."""
    return precision if width == PLAIN_WIDTH else f"{folder_name(width)}-{precision}"


def folder_name(width: float) -> str:
    """Return the folder of a width's files, below that of all variants: none of its own at width 1."""
    return "" if width == PLAIN_WIDTH else f"w{width:g}"


def scaled(units: tuple[int, ...], width: float) -> tuple[int, ...]:
    """Return the sizes of layers at a width: at least one unit each, halves rounded up."""
    return tuple(max(1, int(count * width + 0.5)) for count in units)
