"""What a graph is made and checked with: rows, and what the model itself answers to them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from bundle.manifest import REFERENCE, GraphSpec
from bundle.normalizer import FloatArray, Normalizer
from bundle.runtimes.litert import LiteRTRuntime

_FILE = "probe.npz"


@dataclass(frozen=True)
class Probe:
    """What the converter calibrates on and checks with; rows are normalised."""

    calibration: FloatArray  # (n, features)
    rows: FloatArray  # (n, features)
    expected: FloatArray  # (n, classes): the probabilities that the model itself answers to `rows`
    weights: int
    tokens: int = 0
    """Columns at the end of a row that are token ids."""
    shape: tuple[int, ...] | None = None
    """Of a row as the graph takes it; None where that is flat."""
    answers: Literal["probabilities", "logits"] = "probabilities"
    """What comes out of the graph."""
    source: str = "Keras"
    """What `expected` is from, in words."""
    given_as: str = REFERENCE
    """The precision of an imported graph; of one that is not float32, no other can be made."""
    batch: Literal["any", "one"] = "any"
    """How many rows the network itself takes in a call."""

    def opened(self, content: bytes, graph: GraphSpec) -> LiteRTRuntime:
        """Return what answers normalised rows by a graph of the model, which wants to be asked like that."""
        features = self.rows.shape[1]
        as_it_is = Normalizer(
            "standardize", features, np.zeros(features, np.float32), np.ones(features, np.float32)
        )
        return LiteRTRuntime(
            content,
            normalizer=as_it_is,
            classes=self.expected.shape[1],
            tokens=self.tokens,
            shape=self.shape,
            graph=graph,
        )

    @contextmanager
    def in_folder(self, folder: Path) -> Iterator[None]:
        """Lay it where the converter looks for it, and take it away after: it is no part of a bundle."""
        arrays: dict[str, Any] = {
            "calibration": self.calibration,
            "rows": self.rows,
            "expected": self.expected,
        }
        rest = {name: value for name, value in vars(self).items() if name not in arrays}
        path = folder / _FILE
        np.savez(path, **arrays, rest=np.array(json.dumps(rest)))
        try:
            yield
        finally:
            path.unlink()

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return what `in_folder` laid there."""
        with np.load(folder / _FILE, allow_pickle=False) as arrays:
            held: dict[str, Any] = dict(arrays)
        rest = json.loads(str(held.pop("rest")))
        shape = rest.pop("shape")
        return cls(**held, **rest, shape=None if shape is None else tuple(shape))
