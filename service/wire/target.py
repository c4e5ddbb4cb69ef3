"""What a request is for: the same in every wire protocol, whatever the words."""

from __future__ import annotations

from dataclasses import dataclass

SEPARATOR = "~"
"""Between a model and its variant, where a protocol knows models alone. No model's name may hold it, and
clients leave it as it is in a URL."""


@dataclass(frozen=True, eq=False)
class Target:
    """What a request asks for; None is left to the service. Compared by identity, which is quick."""

    model: str | None = None
    version: int | None = None
    variant: str | None = None


def named(name: str) -> tuple[str, str | None]:
    """Return the model and the variant that a name such as `digits~int8` says; None where it says none."""
    model, separator, variant = name.partition(SEPARATOR)
    return model, variant if separator else None


def name_of(model: str, variant: str | None) -> str:
    """Return the name that says so, as `digits~int8`; of the default variant the model's own."""
    return model if variant is None else f"{model}{SEPARATOR}{variant}"
