"""Which clients are tried: the packages of each, pinned, in an environment of its own."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.peers.catalog import PEERS
from benchmarks.peers.environment import python_with

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".venv-clients"

CLIENTS = {
    "tritonclient": ("tritonclient[http,grpc]==2.73.0",),
    "kserve": ("kserve==0.21.0",),
    "mlserver": ("mlserver==1.7.1",),
    "open-inference-openapi": ("open-inference-openapi==2.0.0.1",),
    "ovmsclient": ("ovmsclient==2023.1",),
    # Of later releases the program needs glibc 2.38.
    "perf-analyzer": ("tritonclient==2.48.0", "nvidia-cuda-runtime-cu12==12.9.79"),
    # No client, but the server that all of the second protocol are written for.
    "triton": next(peer.packages for peer in PEERS if peer.name == "triton"),
}


def python_of(client: str) -> Path:
    """Return the Python of a client's environment; skip the test, saying why, where there can be none."""
    python = _built(client)
    if isinstance(python, BenchmarkError):
        pytest.skip(f"{client}: {python}")
    return python


@cache
def _built(client: str) -> Path | BenchmarkError:
    """Return the Python, or what was in the way: without a network it is seconds before that is known."""
    try:
        return python_with(client, CLIENTS[client], within=FOLDER)
    except BenchmarkError as error:
        return error
