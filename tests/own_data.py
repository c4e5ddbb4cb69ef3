"""A file of numbers as people bring them, and the model that the program itself trains of it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

NAME = "readings"
LABELS = (-1, 7, 1000)
# Features that differ in size by six orders, and one that says nothing.
_CENTRES = {-1: (0, 0, 5e4, 0, 3), 7: (3, 0, 1e4, 0, 3), 1000: (0, 0.01, 3e4, 3, 3)}
_DEVIATIONS = (1, 0.01, 1e4, 1, 0)
_OPTIONS = "--variants int8 --epochs 60 --hidden 32 --repeats 2 --margin 0.2"


def readings() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return 400 rows of five numbers, the last of them constant, and their labels."""
    random = np.random.default_rng(5)
    y = random.choice(LABELS, 400)
    return np.array([random.normal(_CENTRES[label], _DEVIATIONS) for label in y]), y


@dataclass(frozen=True)
class OwnModel:
    """Where the program was told to put what it makes: `models`, `plots` and `logs`."""

    folder: Path

    @property
    def models(self) -> Path:
        return self.folder / "models"

    @property
    def training(self) -> subprocess.CompletedProcess[str]:
        """How the training went, and what it said."""
        return subprocess.CompletedProcess(**json.loads(self._record.read_text(encoding="utf-8")))

    @property
    def _record(self) -> Path:
        return self.folder / "training.json"

    def train(self) -> None:
        """Run the program, unless it was run here before, and well."""
        if self._record.exists() and self.training.returncode == 0:
            return
        self.folder.mkdir(exist_ok=True)
        data = self.folder / f"{NAME}.npy"
        np.save(data, np.column_stack(readings()))
        folders = (
            "--models",
            self.models,
            "--plot",
            self.folder / "plots",
            "--tensorboard",
            self.folder / "logs",
        )
        command = (sys.executable, "-m", "training", "train", "--data", data, *folders, *_OPTIONS.split())
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        self._record.write_text(json.dumps(vars(done)), encoding="utf-8")
