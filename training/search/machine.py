"""What a time is of: the processor, and the libraries that a graph runs in. Of another it says nothing."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

_LIBRARIES = ("ai-edge-litert", "numpy")


def here(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Name the processor of this machine, and the versions of the libraries."""
    return ", ".join([_processor(cpuinfo), *(f"{name} {version(name)}" for name in _LIBRARIES)])


def _processor(cpuinfo: Path) -> str:
    try:
        lines = cpuinfo.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
