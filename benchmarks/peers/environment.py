"""An environment for each foreign program, with pinned packages: built once, kept while the pins stay."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock

from benchmarks.errors import BenchmarkError
from loadtests.rig.child import SOURCE, Child, program

FOLDER = SOURCE / ".venv-bench"

_STAMP = "requirements.txt"  # written last: an environment without it was not finished


def python_with(name: str, requirements: Sequence[str], *, within: Path | None = None) -> Path:
    """Return the Python of the environment `name`, which stands in FOLDER or `within` another.

    Of several processes that ask, one builds it. Raises BenchmarkError where it cannot be built.
    """
    folder = (within or FOLDER) / name
    python, stamp = folder / "bin" / "python", folder / _STAMP
    pins = "\n".join(requirements) + "\n"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (stamp.is_file() and stamp.read_text(encoding="utf-8") == pins):
            _uv("venv", "--clear", "--python", sys.executable, str(folder))
            _uv("pip", "install", "--python", str(python), *requirements)
            stamp.write_text(pins, encoding="utf-8")
    return python


def _uv(*arguments: str) -> None:
    with (
        TemporaryDirectory(prefix="bench-") as folder,
        Child(program("uv", "--quiet", *arguments), log=Path(folder, "log"), core=None) as child,
    ):
        if child.wait(None):
            last = " ".join(child.tail().strip().splitlines()[-3:])
            raise BenchmarkError(f"its environment could not be built: {last}")
