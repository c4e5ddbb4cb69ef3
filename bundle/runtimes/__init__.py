"""Opens a variant of a bundle with the runtime of its format; heavy libraries are imported on demand."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

from bundle.bundle import Bundle
from bundle.errors import BundleDamagedError, BundleError, TransientError
from bundle.manifest import VariantSpec
from bundle.runtimes.base import Runtime

__all__ = ["Runtime", "is_available", "open_runtime", "opener"]

_LIBRARY = {"tflite": "ai_edge_litert", "saved_model": "tensorflow"}


def is_available(variant: VariantSpec) -> bool:
    """Tell whether the library that runs this variant is installed, without importing it."""
    return find_spec(_LIBRARY[variant.format]) is not None


def open_runtime(bundle: Bundle, name: str, *, threads: int = 1) -> Runtime:
    """Open the variant `name`.

    Raises BundleNotFoundError where there is no such variant, BundleDamagedError where its files cannot run,
    TransientError where they may another time, and RuntimeUnavailableError where the library for it is not
    installed.
    """
    return opener(bundle, name, threads=threads)()


def opener(bundle: Bundle, name: str, *, threads: int = 1) -> Callable[[], Runtime]:
    """Return what opens the variant again and again, though its files be gone by then.

    Raises as `open_runtime` does, which the function that is returned does too.
    """
    variant = bundle.variant(name)
    if variant.format == "tflite":
        from bundle.runtimes.litert import LiteRTRuntime

        runtime = partial(LiteRTRuntime, bundle.read(variant.files[0]))
        return partial(_open, bundle, name, runtime, threads)
    from bundle.runtimes.tensorflow import TensorFlowRuntime

    for file in variant.files:
        bundle.read(file)
    folder = bundle.path(variant.files[0]).parent
    shared = _open(bundle, name, partial(TensorFlowRuntime, folder), threads)
    return lambda: shared  # it keeps nothing of a call, and locks itself


def _open(bundle: Bundle, name: str, runtime: Callable[..., Runtime], threads: int) -> Runtime:
    spec, variant = bundle.manifest.input, bundle.variant(name)
    path = bundle.path(variant.files[0])
    try:
        return runtime(
            normalizer=bundle.manifest.normalizer.build(spec.features),
            classes=bundle.manifest.classes,
            threads=threads,
            tokens=spec.tokens,
            shape=spec.graph_shape,
            graph=variant.graph,
        )
    except BundleError:
        raise
    except MemoryError as error:
        raise TransientError(path, "does not fit in memory now") from error
    except Exception as error:  # of whatever kind: it is another's code that meets files of unknown origin
        said = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise BundleDamagedError(path, f"is not a graph that {name} can be: {said}") from error
