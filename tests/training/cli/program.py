"""Runs the program as its users do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import IO

import psutil

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


def child_of(program: subprocess.Popen[str], module: str) -> psutil.Process | None:
    """Return the process that a program has started to run that module; None before it has."""
    children = psutil.Process(program.pid).children(recursive=True)
    return next((one for one in children if module in one.cmdline()), None)
