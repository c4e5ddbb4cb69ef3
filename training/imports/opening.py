"""Opens a model that others made, in a process of its own, which may die of it.

To add a format, write a module with an `open_model` like those in `formats`, and its entry into FORMATS.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from bundle.child import started, talking
from training.errors import ImportedModelError
from training.imports.child import FACTS, REFUSED
from training.imports.facts import Facts

COMMAND = (sys.executable, "-m", "training.imports.child")

TIMEOUT_S = 900.0
_LAST_LINES = 3
_REASON_LETTERS = 400  # of libraries, some of which go on
_START_BYTES = 8


@dataclass(frozen=True)
class Format:
    """A kind of file, or of folder, that holds a model."""

    name: str
    module: str
    """Has `open_model(path, folder, *, trust)`, which yields Facts: see `training.imports.child`."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """By how a name ends: what such a file has among its first bytes."""
    holds: str | None = None
    """What a folder holds that is a model of this format."""


FORMATS: tuple[Format, ...] = (
    Format("tflite", "training.imports.formats.tflite", files={".tflite": b"TFL3"}),
    Format(
        "keras",
        "training.imports.formats.keras_file",
        files={".keras": b"PK\x03\x04", ".h5": b"\x89HDF", ".hdf5": b"\x89HDF"},
    ),
    Format("saved_model", "training.imports.formats.saved_model", holds="saved_model.pb"),
)


def open_model(
    path: Path,
    folder: Path,
    *,
    trust: bool = False,
    timeout_s: float = TIMEOUT_S,
    command: Sequence[str] = COMMAND,
) -> Facts:
    """Write `given.tflite` or `tensorflow/` into `folder`, which exporters can work on; return what is known.

    `trust` runs the code that some files bring with them. Raises ImportedModelError where there is no model,
    or one that is no classifier of rows of a fixed size.
    """
    found = _format_of(path)
    folder.mkdir(parents=True, exist_ok=True)
    options = ["--trust"] if trust else []
    lines, ending = _run([*command, found.module, str(path), str(folder), *options], timeout_s)
    refusals, facts = _said(lines, REFUSED), _said(lines, FACTS)
    if refusals:
        raise ImportedModelError(f"{path} {refusals[-1][:_REASON_LETTERS]}")
    if not facts:
        raise ImportedModelError(f"{path} cannot be opened: the process that tried {ending}")
    return Facts.from_json(facts[-1])  # of a process that died of a larger batch, those of one row


def _format_of(path: Path) -> Format:
    """Return the format that a path's name promises, where its content agrees."""
    if path.is_dir():
        for found in FORMATS:
            if found.holds is not None and (path / found.holds).is_file():
                return found
        wanted = " or ".join(found.holds for found in FORMATS if found.holds is not None)
        raise ImportedModelError(f"{path} is a folder without {wanted}, which a SavedModel has")
    by_ending = {ending: found for found in FORMATS for ending in found.files}
    wanted = f"{', '.join(by_ending)}, or a SavedModel's folder"
    try:
        with path.open("rb") as file:
            start = file.read(_START_BYTES)
    except OSError as error:
        raise ImportedModelError(f"{path} cannot be read ({error.strerror}); a model is {wanted}") from error
    ending = path.suffix.lower()
    if ending not in by_ending:
        raise ImportedModelError(f"{path} has no name of a model that can be imported: {wanted}")
    if not start:
        raise ImportedModelError(f"{path} is empty")
    if by_ending[ending].files[ending] not in start:
        alike = [other for other, found in by_ending.items() if found.files[other] in start]
        hint = f"; by its content, its name should end in {' or '.join(alike)}" if alike else ""
        raise ImportedModelError(f"{path} is no {ending} file: it does not begin as one{hint}")
    return by_ending[ending]


def _said(lines: Sequence[str], word: str) -> list[str]:
    return [line[len(word) + 1 :] for line in lines if line.startswith(f"{word} ")]


def _run(command: Sequence[str], timeout_s: float) -> tuple[list[str], str]:
    """Return the lines that a program writes, and how it ended."""
    with tempfile.TemporaryFile("w+", errors="replace") as noise:
        with started(lambda: talking(command, stdin=subprocess.DEVNULL, noise=noise)) as child:
            try:
                output, _ = child.communicate(timeout=timeout_s)
                ending = _ending(child.returncode)
            except subprocess.TimeoutExpired:
                child.kill()
                output, _ = child.communicate()
                ending = f"was stopped after {timeout_s:g} s"
        return output.splitlines(), f"{ending}{_last_words(noise)}"


def _ending(code: int) -> str:
    if code == -signal.SIGKILL:
        return "was killed by SIGKILL, as the system does where memory ends"
    return f"crashed with {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _last_words(noise: IO[str]) -> str:
    noise.seek(0)
    lines = noise.read().strip().splitlines()
    return f": {' | '.join(lines[-_LAST_LINES:])}" if lines else ""
