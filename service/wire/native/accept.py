"""In which of two formats an answer is to be written, as the client's Accept header has it."""

from __future__ import annotations

from functools import lru_cache

_OCTETS = b"application/octet-stream"
_JSON = b"application/json"
_ANY = (b"application/*", b"*/*")


def takes_octets(accept: bytes) -> bool:
    """Whether an answer is to be octets rather than JSON, by the value of an Accept header."""
    return _prefers_octets(accept) if b";" in accept else _OCTETS in accept.lower()


@lru_cache(maxsize=64)
def _prefers_octets(accept: bytes) -> bool:
    """Whether octets are wanted more than JSON, or as much and by name (RFC 9110, 12.5.1)."""
    weights = dict(_weighed(part) for part in accept.lower().split(b","))
    octets, json = (_weight(weights, name) for name in (_OCTETS, _JSON))
    return octets > json or (octets == json > 0 and _OCTETS in weights)


def _weighed(part: bytes) -> tuple[bytes, float]:
    name, *parameters = (text.strip() for text in part.split(b";"))
    for parameter in parameters:
        key, _, value = parameter.partition(b"=")
        if key.strip() == b"q":
            return name, _number(value)
    return name, 1.0


def _number(text: bytes) -> float:
    """Return a weight; one that is none is as good as none said."""
    try:
        number = float(text)
    except ValueError:
        return 1.0
    return number if 0.0 <= number <= 1.0 else 1.0


def _weight(weights: dict[bytes, float], name: bytes) -> float:
    return next((weights[given] for given in (name, *_ANY) if given in weights), 0.0)
