"""What the parameters of a request, of its inputs and of its outputs say. All raise InvalidRequestError."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.errors import InvalidRequestError, shown
from service.wire.tensors.outputs import Choice

_TIMEOUT_MS_MAX = 3_600_000.0

Parameters = Mapping[str, Any]
"""Booleans, numbers and texts, by their names."""


def choice(name: str, parameters: Parameters, *, is_binary: bool) -> Choice:
    """Return the output that is asked for by a name; it `is_binary` where its parameters do not say."""
    refuse_shared_memory(name, parameters)
    return Choice(
        name,
        is_binary=flag(parameters, "binary_data", is_set=is_binary),
        classes=whole(parameters, "classification") or 0,
    )


def refuse_reserved(parameters: Parameters) -> None:
    """Refuse what nobody but the server may say."""
    reserved = next((name for name in parameters if name.startswith("triton_")), None)
    if reserved is not None:
        raise InvalidRequestError(f"parameter {shown(reserved)} is not known; names in triton_ are reserved")


def refuse_shared_memory(name: str, parameters: Parameters) -> None:
    """Refuse an input or an output that is not in the request or the answer itself."""
    if any(key.startswith("shared_memory_") for key in parameters):
        raise InvalidRequestError(f"{shown(name)} is to be in shared memory, which is not offered")


def variant_in(parameters: Parameters) -> str | None:
    """Return the variant that a request names, if it does."""
    variant = parameters.get("variant")
    if variant is not None and not (isinstance(variant, str) and variant):
        raise InvalidRequestError("parameter 'variant' must be a name, such as \"int8\"")
    return variant


def timeout_ms_in(parameters: Parameters) -> float | None:
    """Return the time that a request allows, said in microseconds; 0 is as much as it takes."""
    timeout_us = whole(parameters, "timeout")
    return min(timeout_us / 1e3, _TIMEOUT_MS_MAX) if timeout_us else None


def whole(parameters: Parameters, name: str) -> int | None:
    """Return a whole number, None where there is none."""
    value = parameters.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise InvalidRequestError(f"parameter {name!r} must be a whole number")
    return value


def flag(parameters: Parameters, name: str, *, is_set: bool) -> bool:
    """Return whether something is set; `is_set` where nothing is said of it."""
    value = parameters.get(name, is_set)
    if not isinstance(value, bool):
        raise InvalidRequestError(f"parameter {name!r} must be true or false")
    return value
