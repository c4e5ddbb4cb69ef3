"""How a process of ours is started from another: with the very packages that the parent runs."""

from __future__ import annotations

import os
from pathlib import Path


def environment() -> dict[str, str]:
    """Return the environment of a child that finds our packages first, wherever it is started from."""
    source = str(Path(__file__).parents[1])
    path = filter(None, [source, os.environ.get("PYTHONPATH")])
    return os.environ | {"PYTHONPATH": os.pathsep.join(path)}
