"""What every part of the benchmark is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.client import Client
from benchmarks.subjects.models import Models
from loadtests.rig.cores import Cores


@dataclass(frozen=True)
class Plan:
    """How to measure.

    `client` sends the load; `logs` is a folder for what the programs print; `say` hears what is going on.
    """

    models: Models
    rounds: int
    seconds: float
    cores: Cores
    client: Client
    logs: Path
    say: Callable[[str], None]
    peers: tuple[str, ...] = ()
    together: bool = False
    """Whether the peers, and bare ASGI with them, are measured in one run."""
