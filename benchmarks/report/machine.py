"""Describes the machine, the libraries and the client that a benchmark is from."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from loadtests.rig import machine
from loadtests.rig.cores import Cores

_LIBRARIES = (
    "ai-edge-litert",
    "fastapi",
    "geventhttpclient",
    "httptools",
    "keras",
    "locust",
    "msgspec",
    "numpy",
    "pysimdjson",
    "tensorflow",
    "tensorflow-cpu",
    "uvicorn",
    "uvloop",
)


def describe(cores: Cores, client: str) -> dict[str, Any]:
    """Return what is known of the machine, its load at this moment, and which core is whose."""
    return machine.describe(_LIBRARIES) | {
        "load": machine.load_average(),
        "bound": asdict(cores),
        "client": client,
    }
