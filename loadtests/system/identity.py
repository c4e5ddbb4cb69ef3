"""Whether the service that was measured is the same from the first request to the last."""

from __future__ import annotations

import re
from dataclasses import dataclass

_VERSION = re.compile(r'^model_version\{[^}]*model="(?P<model>[^"]*)"[^}]*\} (?P<value>\S+)', re.MULTILINE)
_CREATED = re.compile(
    r'^requests_created\{model="(?P<model>[^"]*)",outcome="200",variant="(?P<variant>[^"]*)"\}'
    r" (?P<value>\S+)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Identity:
    """What tells a running service from another, as far as its metrics say; None where they do not."""

    version: float | None
    """The version of the model that serves."""
    counting_since: float | None
    """When it began to count the variant's requests: anew after every start."""
    answered: float | None
    """Requests of the variant that it has answered, which never become fewer."""

    def became(self, later: Identity) -> str | None:
        """Return what happened to the service since, or None where it is the same."""
        if self.version is not None and later.version != self.version:
            return f"another version was put in its place ({self.version:g}, then {_text(later.version)})"
        if self.counting_since is not None and later.counting_since != self.counting_since:
            return "it was started again"
        if self.answered is not None and (later.answered is None or later.answered < self.answered):
            return "it was started again: it has answered fewer requests than before"
        return None


def read(metrics: str, model: str, variant: str, answered: float | None) -> Identity:
    """Find the identity in the text of `/metrics`."""
    version = next((float(one["value"]) for one in _VERSION.finditer(metrics) if one["model"] == model), None)
    since = next(
        (
            float(one["value"])
            for one in _CREATED.finditer(metrics)
            if (one["model"], one["variant"]) == (model, variant)
        ),
        None,
    )
    return Identity(version, since, answered)


def _text(version: float | None) -> str:
    return "none" if version is None else f"{version:g}"
