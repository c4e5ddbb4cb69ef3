"""Which precisions do not suffer from what a variant suffers from, each with why: asked of the register."""

from __future__ import annotations

from training.precisions import BY_NAME, FLOAT_BITS, LADDER, Precision

_SOUND_BITS = 8  # of weights; fewer bring a fault of their own


def with_own_ranges() -> dict[str, str]:
    """Those whose activations cannot leave a range that was fixed before."""
    why = "which takes its ranges from each call, and cannot saturate"
    return {one.name: why for one in LADDER if one.ranges == "each call" and one.weight_bits >= _SOUND_BITS}


def hardly_rounded() -> dict[str, str]:
    """Those of half the size of float32 that nobody tells from it."""
    rounded = [one for one in LADDER if not one.exact and one.activation_bits == FLOAT_BITS]
    return {one.name: "which hardly rounds at all" for one in rounded if one.weight_bits > _SOUND_BITS}


def finer_weights(precision: str) -> dict[str, str]:
    """Those that have more steps for a weight in integers, and activations that are no coarser."""
    given = BY_NAME.get(precision)
    if given is None:  # of a bundle that another version made
        return {}
    finer = [one for one in LADDER if given.weight_bits < one.weight_bits <= _SOUND_BITS]
    return {
        one.name: f"whose dense weights have {2 ** (one.weight_bits - given.weight_bits)} times the steps"
        for one in finer
        if _fineness(one) >= _fineness(given)
    }


def finer_activations() -> dict[str, str]:
    """Those whose activations are integers of more bits than the usual 8."""
    return {
        one.name: f"whose activations have {2**one.activation_bits:,} steps"
        for one in LADDER
        if 8 < one.activation_bits < FLOAT_BITS
    }


def _fineness(precision: Precision) -> tuple[int, bool]:
    """Order precisions by their activations: bits first, and then ranges that fit each call."""
    return precision.activation_bits, not precision.calibrated
