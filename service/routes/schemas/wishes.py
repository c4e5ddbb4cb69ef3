"""What a request may wish of the variant that the service chooses, as OpenAPI shows it."""

from __future__ import annotations

from typing import Any

from service.wire.ids import IDS
from service.wire.wish import BEST_EFFORT, OBJECTIVES, TIMEOUT_MS_MAX

CHOSEN = "`auto` leaves it to the service, `cascade` has two answer as one, where it has one."

FIELDS: dict[str, tuple[dict[str, Any], Any, str]] = {
    "max_latency_ms": (
        {"type": "number", "exclusiveMinimum": 0, "maximum": int(TIMEOUT_MS_MAX)},
        20,
        "Time after which the answer is of no use; the service chooses a variant that is expected in it.",
    ),
    "min_accuracy": (
        {"type": "number", "minimum": 0, "maximum": 1},
        0.9,
        "The least that the lower end of the interval of its accuracy may be.",
    ),
    "objective": (
        {"type": "string", "enum": list(OBJECTIVES)},
        "accuracy",
        "The most accurate within those bounds, or the fastest.",
    ),
    "fallback": (
        {"type": "string", "enum": [BEST_EFFORT]},
        BEST_EFFORT,
        "Answer also where no variant can hold the bounds; the answer's X-Variant-Reason says so.",
    ),
}
"""By its name the schema, an example and the meaning of each."""


def parameter(name: str, description: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a parameter of a query."""
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
    } | more


def wish_parameters() -> list[dict[str, Any]]:
    """Return what a query may wish."""
    return [
        parameter(name, meaning, schema, example=value) for name, (schema, value, meaning) in FIELDS.items()
    ]


IDS_PARAMETER = parameter(
    IDS,
    "Give the answer an id, as the header X-Prediction-Id, and as `id` in the answer of /predict, for POST "
    "/feedback: row k of many is ID.k.",
    {"type": "boolean"},
)


def wished() -> dict[str, Any]:
    """Return an example of all, as a body says them."""
    return {name: value for name, (_, value, _) in FIELDS.items()}


HEADERS = {
    name: {"description": meaning, "schema": {"type": "string"}}
    for name, meaning in {
        "X-Variant-Reason": "Why this variant answered, where the service chose it.",
        "X-Expected-Accuracy": "Its accuracy on the test rows, where the service chose it.",
        "X-Escalated-Rows": "How many of the rows the second variant answered, where it was a cascade.",
        "X-Prediction-Id": "The id, where one was asked for.",
    }.items()
}
