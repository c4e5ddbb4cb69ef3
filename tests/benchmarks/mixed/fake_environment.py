"""A Python that has no NNCF and no OpenVINO, and answers as the programs that need them do.

It writes its command to stderr, so that a test can see in the log how it was asked.
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import numpy as np

from benchmarks.measure.calls import answer_lines

GRAPH = b"weights"
DESCRIPTION = b"<net/>"


def fake_python(folder: Path) -> Path:
    """Make it, and return its path; what it is told to quantise to comes out as right on every other row."""
    folder.mkdir(parents=True)
    python = folder / "python"
    python.write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(__file__)} "$@"\n', "utf-8"
    )
    python.chmod(0o755)
    return python


def main(arguments: list[str]) -> None:
    sys.stderr.write(" ".join(arguments) + "\n")
    _, module, *rest = arguments
    if module == "benchmarks.mixed.openvino":
        answer_lines(lambda: None)
    else:
        quantise(*rest)


def quantise(way: str, path: str, told: str, budget: str, answers: str, folder: str) -> None:
    if not Path(path).is_file():
        sys.exit(f"there is no {path}")
    with np.load(told, allow_pickle=False) as rows:
        validation, test = rows["validation_classes"], len(rows["test"])
    Path(folder, "graph.bin").write_bytes(GRAPH)
    Path(folder, "graph.xml").write_bytes(DESCRIPTION)
    found = {"validation": (validation * (np.arange(len(validation)) % 2)).tolist(), "test": [0] * test}
    told_back = {"seconds": 1.5, "kept": ["MatMul_1"] if way.startswith("control") else []} | found
    Path(folder, "told.json").write_text(json.dumps(told_back), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
