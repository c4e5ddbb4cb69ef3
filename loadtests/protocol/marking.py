"""What an answer was worth: against the true labels, and against the variant's own prediction offline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bundle.normalizer import FloatArray
from loadtests.errors import UnexpectedAnswerError
from loadtests.protocol.answers import read
from loadtests.workload.payloads import Payloads, rows_of
from loadtests.workload.target import Target


@dataclass(frozen=True)
class Mark:
    """What one answer was worth."""

    wrong: tuple[int, ...] = ()
    """Places in the request whose label is not the true one."""
    reason: str | None = None
    """Why the answer was unexpected, and so tells nothing about accuracy; None where it was as promised."""
    astray: tuple[int, ...] = ()
    """Places whose label is not the one that the variant predicts offline."""
    differences: tuple[float, ...] = ()
    """For each place, the largest difference of a probability from offline; empty where that is unknown."""


class Marker(Protocol):
    """Whoever can tell what an answer to body `body` was worth."""

    def __call__(self, body: int, status: int, content: bytes) -> Mark: ...


class Examiner:
    """Marks the answers of one target to the bodies of one load."""

    def __init__(self, target: Target, payloads: Payloads, offline: FloatArray | None = None) -> None:
        """`offline` holds the variant's probabilities of each test row, shape (test rows, classes).

        Rows of NaN are rows whose prediction is not known.
        """
        self._target = target
        self._payloads = payloads
        self._offline = offline

    def __call__(self, body: int, status: int, content: bytes) -> Mark:
        expected = self._payloads.labels[body]
        try:
            labels, probabilities = read(status, content, len(expected), self._target)
        except UnexpectedAnswerError as error:
            return Mark(reason=str(error))
        wrong = tuple(place for place, label in enumerate(labels) if label != expected[place])
        if self._offline is None:
            return Mark(wrong)
        rows = rows_of(np.array([body]), self._payloads.rows, self._payloads.order)[0]
        offline = self._offline[rows]  # (rows, classes)
        known = ~np.isnan(offline[:, 0])
        differences = np.abs(np.asarray(probabilities, np.float64) - offline).max(axis=1)
        best = np.where(known, np.argmax(np.where(known[:, None], offline, 0.0), axis=1), -1).tolist()
        astray = tuple(
            place
            for place, label in enumerate(labels)
            if best[place] >= 0 and label != self._target.labels[best[place]]
        )
        return Mark(wrong, None, astray, tuple(differences.tolist()))
