"""What the examples in OpenAPI are about: the default model, and an instance that it takes."""

from __future__ import annotations

from typing import Any, NamedTuple

from bundle.example import example
from bundle.manifest import InputSpec
from service.repository.registry import Registry


class Example(NamedTuple):
    """A model, and something to be classified that is nobody's data."""

    model: str
    input: InputSpec
    instance: Any


def example_of(registry: Registry) -> Example | None:
    """Return an example for the default model; None where there is none."""
    version = registry.serving.get(registry.default_model or "")
    if version is None or version.bundle is None:
        return None
    manifest = version.bundle.manifest
    return Example(version.model, manifest.input, example(manifest))
