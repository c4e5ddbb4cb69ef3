"""What the query of a prediction says: what is wished of the variant, and whether an id is wanted."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl

from service.errors import InvalidRequestError
from service.wire.ids import IDS, ids_in
from service.wire.wish import WISHES, Wish, wish_of

_HEEDED = (*WISHES, IDS)
_FOR_PREDICT = re.compile(rb"(?:^|&)(?:variant|model|version|timeout_ms)=")


class Query(NamedTuple):
    """What a query string says."""

    wish: Wish | None = None
    ids: bool = False


@lru_cache(maxsize=1024)
def ask_query(query: bytes) -> Query:
    """Read what is ours, as in `max_latency_ms=20&ids=true`; the rest may be for whoever stands between.

    Raises InvalidRequestError, also for what would say something to `/predict` and go unheeded here.
    """
    if _FOR_PREDICT.search(query):
        raise InvalidRequestError("a query does not choose here; a variant is a label: /labels/int8:predict")
    fields: dict[str, str] = {}
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name in _HEEDED:
            if name in fields:
                raise InvalidRequestError(f"query parameter {name!r} is given twice")
            fields[name] = value
    return Query(wish_of(fields), ids_in(fields))
