"""Writes a table into a folder and reads it as training does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from training.config import DataConfig
from training.data.dataset import Dataset
from training.data.files.columns import Known
from training.data.files.sources import load


def of_csv(folder: Path, content: str, known: Known | None = None, **options: Any) -> Dataset:
    path = folder / "toy.csv"
    path.write_text(content, encoding="utf-8")
    return load(DataConfig(data=str(path), **({"label": "y"} | options)), known)
