"""What a request is for: the same in every wire protocol, whatever the words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Target:
    """What a request asks for; None is left to the service. Compared by identity, which is quick."""

    model: str | None = None
    version: int | None = None
    variant: str | None = None
