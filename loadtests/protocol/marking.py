"""What an answer was worth: against the true labels, and against the variant's own prediction offline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np

from bundle.normalizer import FloatArray
from loadtests.errors import UnexpectedAnswerError
from loadtests.protocol.dialects.dialect import Dialect
from loadtests.workload.payloads import Label, Payloads, rows_of
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
    variant: str = ""
    """Which answered, where the service was to choose and says so."""


class Marker(Protocol):
    """Whoever can tell what an answer to body `body` was worth."""

    def __call__(self, body: int, status: int, content: bytes) -> Mark: ...


class Examiner:
    """Marks what one target answers to the bodies of one load. The same answer is read once.

    A service gives the same bytes to the same question again and again, in one load after another.
    """

    def __init__(
        self,
        dialect: Dialect,
        payloads: Payloads,
        offline: Mapping[str, FloatArray] = MappingProxyType({}),
        *,
        remembered_bytes_max: int = 32 * 2**20,
    ) -> None:
        """`offline` holds each variant's probabilities of each test row, shape (test rows, classes).

        There are those of the target, or of all that the service may choose. Rows of NaN are rows whose
        prediction is not known. Beyond `remembered_bytes_max` of answers, new ones
        are read each time.
        """
        self._dialect = dialect
        self._payloads = payloads
        self._offline = offline
        self._expected = {name: _labels(known, dialect.target) for name, known in offline.items()}
        self._marks: dict[tuple[int, int, bytes], Mark] = {}
        self._room = remembered_bytes_max

    def __call__(self, body: int, status: int, content: bytes) -> Mark:
        known = self._marks.get((body, status, content))
        if known is not None:
            return known
        mark = self._read(body, status, content)
        if len(content) <= self._room:
            self._room -= len(content)
            self._marks[body, status, content] = mark
        return mark

    def _read(self, body: int, status: int, content: bytes) -> Mark:
        true = self._payloads.labels[body]
        try:
            labels, scores, chosen = self._dialect.read(status, content, len(true))
        except UnexpectedAnswerError as error:
            return Mark(reason=str(error))
        wrong = tuple(place for place, label in enumerate(labels) if label != true[place])
        # However a target names the only variant that answers for it.
        name = chosen if self._dialect.target.is_chosen else next(iter(self._offline), "")
        if name not in self._offline:
            return Mark(wrong, variant=chosen)
        offline, known = self._offline[name], self._expected[name]
        rows = rows_of(np.array([body]), self._payloads.rows, self._payloads.order)[0]
        expected = [known[row] for row in rows.tolist()]
        astray = tuple(place for place, label in enumerate(labels) if expected[place] not in {None, label})
        if not scores[0]:
            return Mark(wrong, None, astray, variant=chosen)
        differences = np.abs(np.array(scores, np.float64) - offline[rows]).max(axis=1)
        return Mark(wrong, None, astray, tuple(differences.tolist()), chosen)


def _labels(offline: FloatArray, target: Target) -> list[Label | None]:
    """Return the label that each row has offline, None where it is not known."""
    known = ~np.isnan(offline[:, 0])
    best = np.argmax(np.where(known[:, None], offline, 0.0), axis=1).tolist()
    return [target.labels[one] if is_known else None for one, is_known in zip(best, known, strict=True)]
