"""An environment for each peer, with pinned packages: built once, used as long as the pins stay."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.errors import BenchmarkError
from loadtests.rig.child import SOURCE, Child

FOLDER = SOURCE / ".venv-bench"

_STAMP = "requirements.txt"  # written last: an environment without it was not finished


def python_with(name: str, requirements: Sequence[str]) -> Path:
    """Return the Python of the environment `name`. Raise BenchmarkError where it cannot be built."""
    folder = FOLDER / name
    python, stamp = folder / "bin" / "python", folder / _STAMP
    pins = "\n".join(requirements) + "\n"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == pins:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(folder)])
    _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements])
    stamp.write_text(pins, encoding="utf-8")
    return python


def _run(command: Sequence[str]) -> None:
    with (
        TemporaryDirectory(prefix="bench-") as folder,
        Child(command, log=Path(folder, "log"), core=None) as child,
    ):
        if child.wait(None):
            last = " ".join(child.tail().strip().splitlines()[-3:])
            raise BenchmarkError(f"its environment could not be built: {last}")
