"""Opens a variant of a bundle with the runtime of its format; heavy libraries are imported on demand."""

from __future__ import annotations

from importlib.util import find_spec

from bundle.errors import BundleDamagedError
from bundle.manifest import VariantSpec
from bundle.runtimes.base import Runtime
from bundle.store import Bundle

__all__ = ["Runtime", "is_available", "open_runtime"]

_LIBRARY = {"tflite": "ai_edge_litert", "saved_model": "tensorflow"}


def is_available(variant: VariantSpec) -> bool:
    """Tell whether the library that runs this variant is installed, without importing it."""
    return find_spec(_LIBRARY[variant.format]) is not None


def open_runtime(bundle: Bundle, name: str, *, threads: int = 1) -> Runtime:
    """Open the variant `name`.

    Raises BundleNotFoundError where there is no such variant, BundleDamagedError where its files cannot run,
    and RuntimeUnavailableError where the library for it is not installed.
    """
    variant = bundle.variant(name)
    spec = bundle.manifest.input
    normalizer = bundle.manifest.normalizer.build(spec.features)
    classes = bundle.manifest.classes
    first = bundle.path(variant.files[0])
    try:
        if variant.format == "tflite":
            from bundle.runtimes.litert import LiteRTRuntime

            content = bundle.read(variant.files[0])
            return LiteRTRuntime(
                content, normalizer=normalizer, classes=classes, threads=threads, tokens=spec.tokens
            )
        from bundle.runtimes.tensorflow import TensorFlowRuntime

        for file in variant.files:
            bundle.read(file)
        return TensorFlowRuntime(
            first.parent, normalizer=normalizer, classes=classes, threads=threads, tokens=spec.tokens
        )
    except ValueError as error:
        raise BundleDamagedError(first, f"is not a graph that {name} can be: {error}") from error
