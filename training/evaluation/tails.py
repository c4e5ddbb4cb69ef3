"""Features whose rare, huge values take the steps of an integer input: why a variant is lost, as a rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bundle.manifest import InputSpec
from bundle.normalizer import FloatArray
from training.evaluation.channels import count, name, thing

STEPS_MIN = 16  # four bits: with fewer, a feature is hardly more than high or low

_HEAVY = (
    6.0  # times as wide as nine tenths of its values a feature may be; a normal one is twice, in 500 rows
)
_NAMED_MAX = 3


@dataclass(frozen=True)
class Tails:
    """The features that starve others, the farthest-reaching first."""

    channels: tuple[int, ...]
    reach: tuple[float, float]
    """The ends of the first, in the unit of normalised values."""
    bulk: tuple[float, float]
    """Those between which nine tenths of its values lie."""
    starved: int
    """Channels of whose values nine tenths span less than 16 steps."""
    steps: int
    """That the input has in all."""


def find_tails(values: FloatArray, bits: int) -> Tails | None:
    """Look at normalised `values`, (n, channels), as integers of so many bits with one scale hold them.

    Return None where no channel is starved, or none has a heavy tail.
    """
    low, high = values.min(axis=0), values.max(axis=0)
    ends = np.quantile(values, (0.05, 0.95), axis=0)  # (2, channels)
    bulk = ends[1] - ends[0]
    step = float(high.max() - low.min()) / (2**bits - 1)
    starved = int(((high > low) & (bulk < STEPS_MIN * step)).sum())
    heavy = np.flatnonzero((high - low > _HEAVY * bulk) & (high - low > (high.max() - low.min()) / 2))
    if not starved or not len(heavy):
        return None
    ordered = sorted(heavy.tolist(), key=lambda channel: float(low[channel] - high[channel]))
    first = ordered[0]
    return Tails(
        tuple(ordered),
        (float(low[first]), float(high[first])),
        (float(ends[0, first]), float(ends[1, first])),
        starved,
        2**bits,
    )


def describe_tails(tails: Tails, spec: InputSpec) -> str:
    """Name the features with heavy tails, and say what they do to the others."""
    named = ", ".join(name(spec, channel) for channel in tails.channels[:_NAMED_MAX])
    return (
        f"{named}; the first reaches from {tails.reach[0]:.3g} to {tails.reach[1]:.3g} when it is "
        f"normalised, and nine tenths of it lie within {tails.bulk[0]:.3g} to {tails.bulk[1]:.3g}, so that "
        f"{tails.starved} of {count(spec.channels, thing(spec))} have less than {STEPS_MIN} of the input's "
        f"{tails.steps:,} steps"
    )
