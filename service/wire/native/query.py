"""What the query of `POST /predict` says, and of `POST /select`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

from bundle.manifest import VERSION_MAX
from service.errors import InvalidRequestError, shown
from service.wire.ids import IDS, ids_in
from service.wire.target import Target
from service.wire.wish import WISHES, Wish, timeout_ms_of, variant_under, wish_of

_PARAMETERS = ("variant", "model", "version", "timeout_ms", IDS, *WISHES)


@dataclass(frozen=True)
class Query:
    """What a query string says."""

    target: Target
    timeout_ms: float | None
    wish: Wish | None
    ids: bool


@lru_cache(maxsize=1024)
def ask_query(query: bytes) -> Query:
    """Read `variant=int8&model=NAME&version=N&timeout_ms=MS&ids=true`, or in place of a variant a wish.

    Raises InvalidRequestError for any other parameter: a misspelt one would be answered by the wrong variant.
    """
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=16)
    except ValueError as error:
        raise InvalidRequestError("the query has more than 16 parameters") from error
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name not in _PARAMETERS:
            allowed = ", ".join(_PARAMETERS)
            raise InvalidRequestError(f"query parameter {shown(name)} is not known; allowed are {allowed}")
        if name in fields:
            raise InvalidRequestError(f"query parameter {name!r} is given twice")
        if not value:
            raise InvalidRequestError(f"query parameter {name!r} is empty")
        fields[name] = value
    version = fields.get("version")
    if version is not None and not (re.fullmatch(r"[0-9]{1,19}", version) and int(version) <= VERSION_MAX):
        raise InvalidRequestError(
            f"version is {shown(version)}; it must be a whole number up to {VERSION_MAX}, as in version=1"
        )
    timeout_ms, wish = fields.get("timeout_ms"), wish_of(fields)
    variant = variant_under(wish, fields.get("variant"))
    return Query(
        Target(fields.get("model"), None if version is None else int(version), variant),
        None if timeout_ms is None else timeout_ms_of(timeout_ms),
        wish,
        ids_in(fields),
    )
