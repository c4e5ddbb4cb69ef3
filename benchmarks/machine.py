"""Describes the machine and the libraries that a measurement is from."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.load import wrk

_LIBRARIES = (
    "ai-edge-litert",
    "fastapi",
    "httptools",
    "keras",
    "msgspec",
    "numpy",
    "pysimdjson",
    "tensorflow",
    "tensorflow-cpu",
    "uvicorn",
    "uvloop",
)


def describe() -> dict[str, Any]:
    """Return the processor, its load and cores, the system, and the versions that matter, where known."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
        "wrk": _wrk(),
        "libraries": {name: known for name in _LIBRARIES if (known := _version(name))},
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _wrk() -> str:
    try:
        program = wrk.find()
    except BenchmarkError:
        return "no wrk"  # training is measured without it
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    first = (done.stdout or done.stderr).partition("\n")[0]
    return first.partition("[")[0].strip()


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None
