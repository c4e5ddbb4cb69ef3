"""What a time is of: the processor, and the libraries that a graph runs in. Of another it says nothing."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from bundle.cores import model

_LIBRARIES = ("ai-edge-litert", "numpy")


def here(root: Path = Path("/")) -> str:
    """Name the processor of this machine, and the versions of the libraries."""
    return ", ".join([model(root), *(f"{name} {version(name)}" for name in _LIBRARIES)])
