"""What was right, as somebody says later who knows it: counts how often each variant was.

A label counts as one trial, as if it were independent of all others. Those that are said are of the rows of
which somebody learnt the label, and the accuracy is of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

from service.errors import ConflictError, InvalidRequestError, UnknownTargetError, shown
from service.live.answers import Answers
from service.live.identity import Identity
from service.live.ring import Ring
from service.live.tallies import Tallies
from service.repository.servable import Servable

Label = int | str

_SHOWN = 20  # labels of a model, where one is refused


class Said(NamedTuple):
    """What is right for one row."""

    id: str
    """Of the answer, and the row after a dot: `ID.2`. An answer to one row need not say which."""
    label: Label


class Counted(NamedTuple):
    """What came of some labels."""

    rows: int
    right: int


class _Row(NamedTuple):
    """What an id is of."""

    id: str
    worker: bytes
    number: int
    """In the worker's ring."""
    servable: Servable
    label: Label


class Feedback:
    """Takes labels of answers, and gives each to the tally of the variant that answered."""

    def __init__(self, answers: Answers, tallies: Tallies) -> None:
        self._answers = answers
        self._tallies = tallies

    def take(self, said: Sequence[Said]) -> Counted:
        """Count all labels, or none where one is refused.

        Raises UnknownTargetError where an answer is not known, or not any more, ConflictError where a label
        was said before, and InvalidRequestError where there is no such label.
        """
        rows = [self._row(one) for one in said]
        seen: set[tuple[bytes, int]] = set()
        for row in rows:
            if (row.worker, row.number) in seen:
                raise ConflictError(f"id {shown(row.id)} is here twice; a label counts once")
            seen.add((row.worker, row.number))
        with ExitStack() as stack:
            rings = self._opened(rows, stack)
            columns = [_column(rings.get(row.worker), row) for row in rows]
            for row in rows:
                rings[row.worker].settle(row.number)
        right = 0
        for row, column in zip(rows, columns, strict=True):
            is_right = row.servable.signature.labels[column] == row.label
            self._tallies.add(float(is_right), row.servable)
            right += is_right
        return Counted(len(rows), right)

    def _opened(self, rows: Sequence[_Row], stack: ExitStack) -> dict[bytes, Ring]:
        """Open the ring of each worker that answered, in an order that is the same for all who do so."""
        rings = {}
        for worker in sorted({row.worker for row in rows}):
            try:
                ring = stack.enter_context(self._answers.ring_of(worker))
            except LookupError:
                continue  # the worker is no more
            stack.enter_context(ring.alone())
            rings[worker] = ring
        return rings

    def _row(self, said: Said) -> _Row:
        identity, row = self._read(said.id)
        servable = self._answers.variant(identity.tag)
        if servable is None:
            raise UnknownTargetError(f"id {shown(said.id)} is of a variant that is not loaded any more")
        labels = servable.signature.labels
        if said.label not in labels:
            known = ", ".join(map(_in_words, labels[:_SHOWN])) + ", ..." * (len(labels) > _SHOWN)
            given = _in_words(said.label)
            raise InvalidRequestError(f"label {given} of id {shown(said.id)} is none of the model's: {known}")
        return _Row(said.id, identity.worker, identity.first + row, servable, said.label)

    def _read(self, text: str) -> tuple[Identity, int]:
        """Return what an id says, and which of its rows is meant."""
        name, dot, digits = text.partition(".")
        identity = self._answers.read(name)
        if identity is None:
            raise UnknownTargetError(f"there is no answer with the id {shown(text)}")
        if not dot and identity.rows == 1:
            return identity, 0
        if not dot:
            raise InvalidRequestError(
                f"id {shown(text)} is of {identity.rows} rows; say which, from {name}.0 to "
                f"{name}.{identity.rows - 1}"
            )
        row = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 9 else identity.rows
        if row >= identity.rows:
            raise UnknownTargetError(f"id {shown(text)} names none of the answer's {identity.rows} rows")
        return identity, row


def _in_words(label: Label) -> str:
    return shown(label) if isinstance(label, str) else str(label)[:80]


def _column(ring: Ring | None, row: _Row) -> int:
    """Return the class that a row was given."""
    try:
        if ring is None:
            raise LookupError
        column = ring.column(row.number)
    except LookupError:
        raise UnknownTargetError(
            f"the answer with the id {shown(row.id)} is forgotten; the newest are remembered"
        ) from None
    if column is None:
        raise ConflictError(f"the label of id {shown(row.id)} was said before; it counts once")
    return column
