"""The application as the protocol knows it, whoever stands between them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from service.http.backoff import Backoff
from service.http.drain import Connection
from service.http.shortcut import Shortcut
from service.settings import Settings

_WRAPPERS_MAX = 100  # more are a circle
_LAST_CALL_S = 0.05, 1.0  # at least, and at most


@dataclass(frozen=True)
class Bounds:
    """What connections may take. The application carries them, for every worker has its own."""

    connections: int
    head_bytes: int
    head_timeout_s: float
    last_call_s: float
    """For a request to begin, or to come whole, once the server has stopped to listen."""

    @classmethod
    def of(cls, settings: Settings) -> Bounds:
        """Return what was set."""
        least, most = _LAST_CALL_S
        last_call_s = max(least, min(most, settings.drain_s))
        return cls(settings.max_connections, settings.max_head_bytes, settings.head_timeout_s, last_call_s)


class Host(Protocol):
    """The application, as this protocol knows it."""

    backoff: Backoff
    bounds: Bounds
    is_draining: bool
    """Whether each answer is to be the last on its connection."""
    connections: Collection[Connection]
    """All that there are, for the application to end."""
    shortcut: Shortcut | None
    """The way to the pipeline without the application; None where a middleware stands before it."""

    def note(self, request: dict[str, Any], outcome: str) -> None:
        """Count and log a request that the application has not seen, whole or at all."""


class _Stranger:
    """Stands in for a Host that cannot be found behind what wraps it: everything is asked of the wrapper."""

    is_draining = False
    connections: Collection[Connection] = ()
    shortcut: Shortcut | None = None

    def __init__(self) -> None:
        self.backoff = Backoff()
        self.bounds = Bounds.of(Settings())

    def note(self, request: dict[str, Any], outcome: str) -> None:
        """Do nothing: nobody is known who counts."""


_stranger = cache(_Stranger)


def host_in(app: Any) -> Host:
    """Return our application, where it is `app` or is wrapped by what calls it `app`, as middleware does."""
    for _ in range(_WRAPPERS_MAX):
        if isinstance(getattr(app, "bounds", None), Bounds):
            host: Host = app
            return host
        app = getattr(app, "app", None)
    return _stranger()
