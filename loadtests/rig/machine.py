"""Describes the machine and the libraries that a measurement is from."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from bundle.cores import model
from loadtests.rig import cores

LIBRARIES = (
    "ai-edge-litert",
    "fastapi",
    "geventhttpclient",
    "locust",
    "numpy",
    "scipy",
    "tensorflow",
    "tensorflow-cpu",
    "uvicorn",
)
"""Those whose version a measurement of the service hangs on."""


def describe(libraries: Sequence[str] = LIBRARIES) -> dict[str, Any]:
    """Return the processor, how many cores we may use, the system, and versions, where known."""
    return {
        "cpu": model(),
        "cores": cores.usable(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "libraries": {name: known for name in libraries if (known := _version(name))},
    }


def counted(number: object, noun: str) -> str:
    """Return `1 core` or `2 cores`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def load_average() -> float | None:
    """Return how many processes have wanted a core in the last minute; None where the system does not say."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None
