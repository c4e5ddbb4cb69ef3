"""What a caller states who leaves the variant to the service: bounds, and what to aim at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Literal, cast, get_args

from bundle.manifest import AUTO
from service.errors import InvalidRequestError, shown

TIMEOUT_MS_MAX = 3_600_000.0

Objective = Literal["accuracy", "latency"]
OBJECTIVES: tuple[str, ...] = get_args(Objective)
BEST_EFFORT = "best_effort"

_WRITTEN = re.compile(r"[0-9]{1,9}(\.[0-9]{1,20})?(e-[0-9]{1,2})?")  # 20, 16.666666666666668 and 1e-05

WISHES = ("max_latency_ms", "min_accuracy", "objective", "fallback")
"""The names by which a request says them, in every protocol."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Bounds on the answer, and what to aim at within them; None where that is left to the policy."""

    max_latency_ms: float | None = None
    """From when the head of the request was there until the answer is to be sent."""
    min_accuracy: float | None = None
    """The least that the lower end of the interval of a variant's accuracy may be."""
    objective: Objective | None = None
    """`accuracy`: the most accurate in time. `latency`: the fastest that is accurate enough."""
    best_effort: bool = False
    """Answer also where the bounds cannot be held."""


NO_WISH = Wish()


def wish_of(fields: Mapping[str, object]) -> Wish | None:
    """Read what `fields` say, as texts or as numbers; None where they say nothing of it.

    Raises InvalidRequestError.
    """
    if fields.keys().isdisjoint(WISHES):
        return None
    objective, fallback = fields.get("objective"), fields.get("fallback")
    if objective is not None and objective not in OBJECTIVES:
        raise InvalidRequestError(f"objective is {shown(str(objective))}; it must be accuracy or latency")
    if fallback is not None and fallback != BEST_EFFORT:
        raise InvalidRequestError(f"fallback is {shown(str(fallback))}; it must be {BEST_EFFORT}")
    latency, accuracy = fields.get("max_latency_ms"), fields.get("min_accuracy")
    return Wish(
        None if latency is None else _milliseconds("max_latency_ms", latency),
        None if accuracy is None else _share("min_accuracy", accuracy),
        cast("Objective | None", objective),
        fallback is not None,
    )


def variant_under(wish: Wish | None, variant: str | None) -> str | None:
    """Return the variant that is meant where there is a wish: the one that the service chooses.

    Raises InvalidRequestError where a request chooses one itself, too.
    """
    if wish is None:
        return variant
    if variant not in (None, AUTO):
        bounds = ", ".join(WISHES)
        raise InvalidRequestError(
            f"variant is {shown(variant or '')}, and {bounds} are for a request that leaves it to the "
            f"service, with variant={AUTO} or none"
        )
    return AUTO


def timeout_ms_of(value: str) -> float:
    """Read a time-out. Raises InvalidRequestError."""
    return _milliseconds("timeout_ms", value)


def _milliseconds(name: str, value: object) -> float:
    number = _number(value)
    if not 0 < number <= TIMEOUT_MS_MAX:
        raise InvalidRequestError(
            f"{name} is {shown(str(value))}; it must be above 0 and at most {TIMEOUT_MS_MAX:.0f}"
        )
    return float(number)


def _share(name: str, value: object) -> float:
    number = _number(value)
    if not 0 <= number <= 1:
        raise InvalidRequestError(
            f"{name} is {shown(str(value))}; it must be a share from 0 to 1, as in 0.95"
        )
    return float(number)


def _number(value: object) -> float:
    """Return a number, also where it is written out, as programs write it; NaN for everything else."""
    if isinstance(value, str):
        return float(value) if _WRITTEN.fullmatch(value) else nan
    return value if isinstance(value, int | float) and not isinstance(value, bool) else nan
