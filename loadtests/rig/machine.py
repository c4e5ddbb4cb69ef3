"""Describes the machine and the libraries that a measurement is from."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_LIBRARIES = (
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


def describe() -> dict[str, Any]:
    """Return the processor, its cores, the system and the versions that matter, as far as they are known."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "libraries": {name: known for name in _LIBRARIES if (known := _version(name))},
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None
