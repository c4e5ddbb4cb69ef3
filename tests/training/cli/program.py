"""Runs the program as its users do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import IO

REPOSITORY = Path(__file__).parents[3]


def run(*arguments: str, stdout: IO[str] | int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "training", *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        check=False,
    )
