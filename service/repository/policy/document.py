"""What a `policy.toml` says, and what of it a version cannot do."""

from __future__ import annotations

import reprlib
import tomllib
from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bundle.manifest import AUTO, CASCADE, Manifest, Name, Share
from bundle.runtimes import is_available
from service.engine.policy import Policy
from service.wire.wish import OBJECTIVES, TIMEOUT_MS_MAX, Objective

Words = Mapping[str, Any]
"""The keys that a file has, which are fields of a `Policy`, and their values."""

_ALLOWED = {
    "default_variant": f"the name of a variant, {AUTO} or {CASCADE}",
    "variants": f'the names of different variants, {CASCADE} being one, as in ["int8", "float32"]',
    "min_accuracy": "a share from 0 to 1, as in 0.95",
    "max_latency_ms": f"a number above 0 and at most {TIMEOUT_MS_MAX:.0f}",
    "objective": " or ".join(OBJECTIVES),
}


class PolicyError(Exception):
    """A policy cannot be followed. The message says which key, what was given and what is allowed."""


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    default_variant: Name = ""
    variants: Annotated[list[Name], Field(min_length=1)] = []
    min_accuracy: Share = 0.0
    max_latency_ms: Annotated[float, Field(gt=0, le=TIMEOUT_MS_MAX)] = TIMEOUT_MS_MAX
    objective: Objective = "accuracy"


def read(content: bytes) -> Words:
    """Return what a file says. Raises PolicyError."""
    try:
        given = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # that it is no TOML, no UTF-8, or too large a number
        raise PolicyError(f"it is not TOML: {error}") from error
    try:
        document = _Document.model_validate(given)
    except ValidationError as error:
        key = str(error.errors(include_input=False, include_url=False)[0]["loc"][0])
        raise _wrong(key, given[key]) from error
    words = document.model_dump(exclude_unset=True)
    if "variants" in words:
        words["variants"] = tuple(document.variants)
        if AUTO in document.variants or len(set(document.variants)) < len(document.variants):
            raise _wrong("variants", document.variants)
    return words


def _wrong(key: str, value: Any) -> PolicyError:
    if key not in _ALLOWED:
        return PolicyError(f"key {reprlib.repr(key)} is not known; allowed are {', '.join(_ALLOWED)}")
    return PolicyError(f"{key} is {_shown(value)}; it must be {_ALLOWED[key]}")


def _shown(value: Any) -> str:
    try:
        return reprlib.repr(value)
    except ValueError:  # Python writes no number of so many digits
        return "a very large number"


def check(policy: Policy, said: Collection[str], manifest: Manifest) -> None:
    """Raise PolicyError where a version of that manifest cannot do what the keys `said` of a policy say."""
    if "default_variant" in said and policy.default_variant != AUTO:
        _check_there("default_variant", policy.default_variant or "", manifest)
    for name in policy.variants or ():
        _check_there("variants", name, manifest)
    if "min_accuracy" in said or "variants" in said:
        check_floor("min_accuracy", policy, manifest)


def check_floor(key: str, policy: Policy, manifest: Manifest) -> None:
    """Raise PolicyError, which calls the floor by `key`, where nothing reaches it that `auto` may choose."""
    lows = {
        name: scores.accuracy_low
        for name in policy.variants or _known(manifest)
        if (scores := manifest.scores(name)) is not None and _is_usable(name, manifest)
    }
    best = max(lows, key=lambda name: lows[name], default=None)
    if best is None or lows[best] < policy.min_accuracy:
        nearest = "" if best is None else f": {best} has {lows[best]:.4f} at the lower end of its interval"
        raise PolicyError(
            f"{key} is {policy.min_accuracy}; no variant that {AUTO} may choose reaches it{nearest}"
        )


def is_there(name: str, manifest: Manifest) -> bool:
    """Whether a version of that manifest has what is named, be it a variant, the cascade, or `auto`."""
    return name == AUTO or manifest.scores(name) is not None


def _check_there(key: str, name: str, manifest: Manifest) -> None:
    if not is_there(name, manifest):
        known = [*_known(manifest), *([AUTO] if key == "default_variant" else [])]
        raise PolicyError(
            f"{key} is {name!r}, which the version that serves has not; it has: {', '.join(known)}"
        )
    if not _is_usable(name, manifest):
        raise PolicyError(f"{key} is {name!r}, which needs TensorFlow, and that is not installed here")


def _known(manifest: Manifest) -> list[str]:
    return [*(variant.name for variant in manifest.variants), *([CASCADE] if manifest.cascade else [])]


def _is_usable(name: str, manifest: Manifest) -> bool:
    """Whether what answers can run here; a cascade can where both of its variants can."""
    names = [name]
    if name == CASCADE and manifest.cascade is not None:
        names = [manifest.cascade.first, manifest.cascade.second]
    return all(variant is not None and is_available(variant) for variant in map(manifest.variant, names))
