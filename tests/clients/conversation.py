"""A client's program, run in the client's own environment, and what was said: kept in a file to be shown."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.clients.catalog import ROOT, python_of
from tests.patience import PATIENCE_S

TRANSCRIPTS = ROOT / "reports" / "clients"

Said = list[tuple[str, Any]]
"""What was asked, and what was answered, in order."""

_SHOWN = 400  # characters of a request or an answer in a transcript


def converse(client: str, program: str, task: Mapping[str, Any], folder: Path, *, name: str = "") -> Said:
    """Have a program of `tests.clients.programs` do its task; its transcript is `name`, or the program."""
    file = folder / "task.json"
    file.write_text(json.dumps(task), encoding="utf-8")
    done = run([str(python_of(client)), "-m", f"tests.clients.programs.{program}", str(file)])
    said = [(line["asked"], line["answered"]) for line in map(json.loads, done.stdout.splitlines())]
    lines = [f"{asked}\n    {shown(json.dumps(answered))}" for asked, answered in said]
    keep(name or program, "\n".join(lines))
    return said


def run(command: list[str], environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program that finds our sources, and return what it printed. It is to end well."""
    done = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | dict(environment or {}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done


def keep(name: str, transcript: str) -> None:
    TRANSCRIPTS.mkdir(parents=True, exist_ok=True)
    (TRANSCRIPTS / f"{name}.txt").write_text(transcript + "\n", encoding="utf-8")


def shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text):,} characters)"


def answers(said: Said, asked: str) -> list[Any]:
    """Return each answer to what was asked in these words."""
    return [answered for words, answered in said if words == asked]


def infers(said: Said, model: str) -> Said:
    """Return what was asked of a model's predictions, in whichever form, and the answers."""
    return [(words, answered) for words, answered in said if {"infer", model} <= set(words.split())]
