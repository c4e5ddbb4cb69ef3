"""Makes a ladder as its user would: by the program, in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import ProcessError
from benchmarks.ladders.entries import Entry
from benchmarks.ladders.ladder import Ladder, read
from bundle.store import ModelStore
from loadtests.rig.child import Child, program

_TOLD_LINES = 3  # of the log of a program that failed
_MISSED = 1  # training's exit code where a rung is left out, or a budget is not shown to hold


@dataclass(frozen=True)
class Maker:
    """Where data sets are, where everything goes, and what trainings are told besides."""

    data_dir: Path | None
    out: Path
    more: Sequence[str] = ()

    def log(self, entry: Entry) -> Path:
        return self.out / f"{entry.name}.log"

    def words(self, entry: Entry) -> list[str]:
        """Return what `python -m training` is told."""
        more = self.more if entry.command == "train" else ()
        files = ("--models", str(self.models), "--name", entry.name, "--json", str(self._figures(entry)))
        return [*entry.words(self.data_dir), *more, *files]

    def make(self, entry: Entry) -> Ladder:
        """Make the ladder and return it. Raises ProcessError where the program does not end well."""
        self._figures(entry).unlink(missing_ok=True)
        with Child(program("training", *self.words(entry)), log=self.log(entry), core=None) as child:
            code = child.wait(None)
            if code and not (code == _MISSED and self._figures(entry).exists()):
                last = " / ".join(child.tail().strip().splitlines()[-_TOLD_LINES:])
                raise ProcessError(f"{entry.name} ended with exit code {code}: {last}")
        figures = json.loads(self._figures(entry).read_text(encoding="utf-8"))
        manifest = ModelStore(self.models).open(entry.name).manifest
        return read(entry.name, entry.data, entry.model, figures, manifest)

    def _figures(self, entry: Entry) -> Path:
        return self.out / f"{entry.name}.json"

    @property
    def models(self) -> Path:
        return self.out / "models"
