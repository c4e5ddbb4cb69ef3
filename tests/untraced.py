"""A plug-in for coverage that leaves untraced where the time goes and nothing of ours is: inside libraries.

A traced process calls coverage for every line of every library that it runs. That doubles the time of a short
program, most of which is imports, and the time that TensorFlow takes to trace a graph, which it does in
Python. Our own modules are traced as ever.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Callable
from functools import wraps
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

from coverage import CoveragePlugin
from coverage.plugin_support import Plugins
from coverage.types import TConfigurable

# By module: a class, and the method of it that works long and calls nothing of ours that could be counted.
_LEAVES = {
    "keras.src.layers.layer": ("Layer", "__call__"),
    "keras.src.models.model": ("Model", "export"),
    "matplotlib.backend_bases": ("FigureCanvasBase", "print_figure"),
    # It runs what AutoGraph has written of our functions, in files that are not ours.
    "tensorflow.python.eager.polymorphic_function.polymorphic_function": (
        "Function",
        "get_concrete_function",
    ),
}

_GREEN = ("locust", "generator", "fast_http")  # in the command of every program that has greenlets

Given = ParamSpec("Given")
Returned = TypeVar("Returned")

_LIBRARIES = tuple(sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib"))


def untraced(call: Callable[Given, Returned]) -> Callable[Given, Returned]:
    """Return the function of a library with no one watching, where it calls nothing of ours."""

    @wraps(call)
    def alone(*args: Given.args, **options: Given.kwargs) -> Returned:
        watching = sys.gettrace()
        sys.settrace(None)
        try:
            return call(*args, **options)
        finally:
            sys.settrace(watching)

    return alone


class _Loader(SourceFileLoader):
    """Runs the code of a library's module with no one watching, and later its leaves."""

    def exec_module(self, module: ModuleType) -> None:
        run = super().exec_module
        (untraced(run) if self.path.startswith(_LIBRARIES) else run)(module)
        if module.__name__ in _LEAVES:
            owner, method = _LEAVES[module.__name__]
            leaf = getattr(module, owner)
            setattr(leaf, method, untraced(getattr(leaf, method)))


class _Greenlets(CoveragePlugin):
    """Has only the generators pay for telling greenlets apart, at every call: a tenth of the suite's time."""

    def configure(self, config: TConfigurable) -> None:
        is_green = any(name in word for name in _GREEN for word in sys.orig_argv)
        config.set_option("run:concurrency", ["thread", "greenlet"] if is_green else ["thread"])


def coverage_init(registry: Plugins, _: Any) -> None:
    """Have every module imported by our loader from now on: coverage calls this as it starts in a process."""
    registry.add_configurer(_Greenlets())
    loaders = (
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (_Loader, SOURCE_SUFFIXES),
        (SourcelessFileLoader, BYTECODE_SUFFIXES),
    )
    sys.path_hooks.insert(0, FileFinder.path_hook(*loaders))
    sys.path_importer_cache.clear()
