"""Whether rows are what the graph of an imported model takes: its numbers, and in its order."""

from __future__ import annotations

from itertools import accumulate
from math import prod
from operator import mul

from bundle.manifest import InputSpec
from training.config import Kind
from training.data.dataset import RawData
from training.data.records import Records
from training.errors import FeaturesError, OptionError, listed


def tensor_spec(raw: RawData, kind: Kind | None, shape: tuple[int, ...]) -> InputSpec:
    """Return what one row of `raw` is to a graph that takes rows of `shape`.

    Raises FeaturesError where it is something else, and OptionError for a `kind`, which the shape tells.
    """
    if kind is not None:
        raise OptionError(f"--kind {kind} was given, but what a row is to an imported model its shape tells")
    if raw.records is not None:
        _refuse(raw.name, raw.records)
    given = raw.x.shape[1:]
    require_shape(raw.name, given, shape)
    if raw.lengths is not None and given[:1] != shape[:1]:
        raise OptionError(
            f"{raw.name} has lengths, and rows of shape {given}; its steps come first in rows of {shape}"
        )
    return InputSpec(kind="tensor", shape=shape, feature_names=raw.feature_names)


def _refuse(name: str, records: Records) -> None:
    strange = [f"{kind} {column!r}" for column, kind in records.kinds.items() if kind != "number"]
    if strange:
        raise FeaturesError(f"{name} has the {listed(strange)}, and an imported model takes numbers alone")
    raise OptionError(
        "--missing fill was given, and an imported model fills in nothing; --missing drop leaves rows out"
    )


def require_shape(name: str, given: tuple[int, ...], taken: tuple[int, ...]) -> None:
    """Raise FeaturesError unless rows of the shape `given`, nested or flat, are rows of the shape `taken`.

    Dimensions may be joined, divided, or be 1, as long as the numbers stand in the same order: of an image
    of three channels, (32, 32, 3) is (1024, 3) and (3072,), and (3, 32, 32) is another.
    """
    ours, theirs = _places(given), _places(taken)
    if ours <= theirs or theirs <= ours:
        return
    hint = ""
    if prod(given) == prod(taken):
        hint = ": as many numbers in another order, so transpose the rows"
    raise FeaturesError(f"{name} has rows of shape {given}, and the model takes {taken}{hint}")


def _places(shape: tuple[int, ...]) -> set[int]:
    """Return how many numbers lie within the last dimension, the last two, and so on."""
    return {1, *accumulate(reversed(shape), mul)}
