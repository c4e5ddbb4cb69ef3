"""A plug-in for coverage that leaves the import of libraries untraced, which is most of what a child does.

A traced process calls coverage with every function of every library that it imports: that doubles the time of
a short program, and TensorFlow alone then takes ten seconds. Our own modules are traced as ever.
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
    """Runs the code of a library's module with no one watching, and has what watched go on after it."""

    def exec_module(self, module: ModuleType) -> None:
        run = super().exec_module
        (untraced(run) if self.path.startswith(_LIBRARIES) else run)(module)


def coverage_init(*_: Any) -> None:
    """Have every module imported by our loader from now on: coverage calls this as it starts in a process."""
    loaders = (
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (_Loader, SOURCE_SUFFIXES),
        (SourcelessFileLoader, BYTECODE_SUFFIXES),
    )
    sys.path_hooks.insert(0, FileFinder.path_hook(*loaders))
    sys.path_importer_cache.clear()
