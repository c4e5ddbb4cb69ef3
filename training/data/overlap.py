"""Rows that stand in more than one place: what a model was fitted on proves nothing when it is tested."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from bundle.fields import word
from bundle.normalizer import FloatArray
from training.data.rows import Instance

Fingerprints = npt.NDArray[np.uint64]

_BYTES = 8  # of a million rows and a million others, one pair agrees by chance in twenty million tries


def fingerprints(rows: FloatArray, instances: Sequence[Instance] | None = None) -> Fingerprints:
    """Return a number for each of the `rows`, (n, features), as good as always another for another row.

    Where rows were made of `instances`, those are told apart: texts of unknown words all have the same row.
    Labels count for nothing.
    """
    if instances is not None:
        return _digests(instances, _written)
    return _digests(rows, lambda row: (row + np.float32(0)).tobytes())  # -0.0 is 0.0


def overlap(given: Fingerprints, seen: Fingerprints, seen_as: str = "the training rows") -> str | None:
    """Say how many of the `given` rows stand among the ones `seen`; None where none does."""
    count = int(np.isin(given, seen).sum())
    if not count:
        return None
    return (
        f"{count:,} of {len(given):,} test rows also stand in {seen_as}, with whatever label: the scores "
        "flatter the model"
    )


def _digests(rows: Iterable[Any], content: Callable[[Any], bytes]) -> Fingerprints:
    digests = (blake2b(content(row), digest_size=_BYTES).digest() for row in rows)
    return np.fromiter((int.from_bytes(digest, "little") for digest in digests), np.uint64)


def _written(instance: Instance) -> bytes:
    """Write an instance down, however its fields are ordered and its numbers and accents are written."""
    fields = instance.items() if isinstance(instance, dict) else [("", instance)]
    told = sorted((name, _plain(value)) for name, value in fields)
    return json.dumps(told).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return word(value)
    return value if value is None else float(np.float32(value))  # as the model takes it
