"""The program that reads a data set and prepares it for training, and says what that took of it.

Nothing imports this file. It is a black box, started as a process for one reading: the most memory that a
process ever had is only known of the whole process.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
import sklearn.utils  # noqa: F401 - what reading imports is no part of what it takes

from training.config import TrainConfig
from training.data.files.sources import load
from training.data.prepare import prepare

_NAMES = 150  # classes, where their number is not what is measured
_VOCABULARY = 20_000


def _numbers(rows: int, columns: int, classes: int) -> pd.DataFrame:
    random = np.random.default_rng(1)
    table = pd.DataFrame(random.normal(size=(rows, columns)).round(4)).add_prefix("c")
    return table.assign(y=[f"class {row % classes}" for row in range(rows)])


def _texts(rows: int, words: int) -> pd.DataFrame:
    drawn = np.random.default_rng(1).integers(0, _VOCABULARY, (rows, words)).tolist()
    texts = [" ".join(f"w{word}" for word in text) for text in drawn]
    return pd.DataFrame({"t": texts, "y": [row % _NAMES for row in range(rows)]})


def _objects(rows: int) -> pd.DataFrame:
    random = np.random.default_rng(1)
    jobs = np.array(["nurse", "teacher", "carpenter", "driver", "student"])
    return pd.DataFrame(
        {
            "age": random.integers(18, 80, rows),
            "income": random.normal(2500, 700, rows).round(2),
            "job": jobs[random.integers(0, len(jobs), rows)],
            "married": random.random(rows) < 0.5,
            "y": random.integers(0, 2, rows),
        }
    )


MAKERS: dict[str, Callable[..., pd.DataFrame]] = {"numbers": _numbers, "texts": _texts, "objects": _objects}


def make(path: Path, what: str, sizes: dict[str, int]) -> None:
    """Write a data set as a .csv, unless it is there."""
    if not path.is_file():
        MAKERS[what](**sizes).to_csv(path, index=False)


def read(path: Path, options: dict[str, Any]) -> dict[str, float]:
    """Read and prepare a data set; return the seconds, the bytes of the data, and the most memory it took.

    The data are as large as the file, or as their rows in float32, whichever is more.
    """
    config = TrainConfig.model_validate({"data": str(path), "label": "y"} | options)
    before, start = _most_memory(), perf_counter()
    prepared = prepare(
        load(config),
        normalize=config.normalize,
        test_size=config.test_size,
        validation_size=config.validation_size,
        seed=config.seed,
    )
    seconds = perf_counter() - start
    rows = sum(part.nbytes for part in (prepared.x_train, prepared.x_validation, prepared.x_test))
    data = max(path.stat().st_size, rows)
    return {"seconds": seconds, "data_bytes": data, "memory_bytes": _most_memory() - before}


def _most_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(way: str, told: dict[str, Any]) -> None:
    """Make the data set, or read it, once a line on stdin asks for that; answer with one line."""
    path = Path(told["path"])
    sys.stdin.readline()
    if way == "make":
        make(path, told["what"], told["sizes"])
    answer = read(path, told["options"]) if way == "read" else {}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
