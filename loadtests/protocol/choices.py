"""What a service says that chose a variant itself: which one answered, and why that one."""

from __future__ import annotations

import re
from typing import NamedTuple

_REASON = re.compile(rb"\nx-variant-reason:[ \t]*([A-Za-z_]{1,32})", re.IGNORECASE)


class Chosen(NamedTuple):
    """A variant that a service chose; empty where it does not say."""

    variant: str = ""
    reason: str = ""
    """As `load`: a more accurate one would have been too late."""


def reason_of(head: bytes) -> str:
    """Return the reason that the head of an answer gives; empty where it gives none."""
    found = _REASON.search(head)
    return found[1].decode("ascii") if found else ""
