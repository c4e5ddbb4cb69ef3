"""What a client's program is told, and how it says what it asked and was answered: a line of JSON each.

The programs run in environments of their own, in which nothing of ours can be imported but this.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def told() -> dict[str, Any]:
    """Return where to ask, and what, from the file that the program is given."""
    task: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    return task


def say(asked: str, answered: Any) -> None:
    """Tell one answer."""
    sys.stdout.write(json.dumps({"asked": asked, "answered": answered}, default=str) + "\n")
    sys.stdout.flush()


def ask(asked: str, call: Callable[..., Any], *args: Any, **options: Any) -> None:
    """Call, and tell the answer, or with which words the client's own exception refuses."""
    try:
        answered = call(*args, **options)
    except Exception as error:
        answered = {"refused": f"{type(error).__name__}: {error}"}
    say(asked, answered)


def answer(labels: Sequence[Any], probabilities: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Return an answer as `/predict` words it: a label a row, and the probabilities of all classes."""
    plain = [label.decode() if isinstance(label, bytes) else label for label in labels]
    return {"predictions": plain, "probabilities": [list(row) for row in probabilities]}


def tensors(question: dict[str, Any]) -> list[tuple[str, str, list[int], list[Any]]]:
    """Return the name, datatype, shape and flat data of each input of a question."""
    return [(one["name"], one["datatype"], one["shape"], one["data"]) for one in question["inputs"]]
