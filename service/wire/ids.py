"""Whether an answer is to have an id, by which `POST /feedback` can say later what was right."""

from __future__ import annotations

from collections.abc import Mapping

from service.errors import InvalidRequestError, shown

IDS = "ids"
"""The name by which a request says so, in every protocol."""

ID_HEADER = b"x-prediction-id"
"""The header that has the id, in every protocol. Row k of many is `ID.k`."""

_SAID = {"true": True, "false": False}


def ids_in(fields: Mapping[str, object]) -> bool:
    """Tell whether `fields` ask for ids, as texts or as booleans. Raises InvalidRequestError."""
    value = fields.get(IDS, False)
    said = _SAID.get(value) if isinstance(value, str) else value
    if not isinstance(said, bool):
        raise InvalidRequestError(f"{IDS} is {shown(str(value))}; it must be true or false")
    return said
