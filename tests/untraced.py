"""A plug-in for coverage that leaves the import of libraries untraced, which is most of what a child does.

A traced process calls coverage with every function of every library that it imports: that doubles the time of
a short program, and TensorFlow alone then takes ten seconds. Our own modules are traced as ever.
"""

from __future__ import annotations

import sys
import sysconfig
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
from typing import Any

_LIBRARIES = tuple(sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib"))


class _Loader(SourceFileLoader):
    """Runs the code of a library's module with no one watching, and has what watched go on after it."""

    def exec_module(self, module: ModuleType) -> None:
        watching = sys.gettrace()
        if watching is None or not self.path.startswith(_LIBRARIES):
            super().exec_module(module)
            return
        sys.settrace(None)
        try:
            super().exec_module(module)
        finally:
            sys.settrace(watching)


def coverage_init(*_: Any) -> None:
    """Have every module imported by our loader from now on: coverage calls this as it starts in a process."""
    loaders = (
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (_Loader, SOURCE_SUFFIXES),
        (SourcelessFileLoader, BYTECODE_SUFFIXES),
    )
    sys.path_hooks.insert(0, FileFinder.path_hook(*loaders))
    sys.path_importer_cache.clear()
