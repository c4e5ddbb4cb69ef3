"""An estimate as JSON has it: there is no number for an end that is not known, so it is null."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Annotated, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict

from evidence.estimate import Estimate


class WrittenEstimate(BaseModel):
    """A value with its interval, as JSON has it. An end that is null is not known, and excludes nothing."""

    model_config = ConfigDict(extra="forbid")

    value: float
    low: float | None
    high: float | None


def _without_null(estimate: object) -> object:
    """Read ends that are null as infinite."""
    if not isinstance(estimate, Mapping):
        return estimate
    unknown = {end: beyond for end, beyond in (("low", -inf), ("high", inf)) if estimate.get(end, 0) is None}
    return {**estimate, **unknown}


OpenEstimate: TypeAlias = Annotated[
    Estimate, BeforeValidator(_without_null, json_schema_input_type=WrittenEstimate)
]
"""An estimate whose ends may be infinite."""
