"""From what a model answers to the tensors of an answer: labels, probabilities, likeliest classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from bundle.normalizer import FloatArray
from service.errors import InvalidRequestError, shown
from service.wire.protocol import Scores
from service.wire.tensors.blobs import pack_numbers, pack_texts
from service.wire.tensors.tensor import BYTES, TensorSpec

LABEL = "label"
PROBABILITIES = "probabilities"

_INT64 = "INT64"
_INT64_MAX = 2**63 - 1


class Choice(NamedTuple):
    """An output that a request asks for."""

    name: str
    is_binary: bool = False
    classes: int = 0
    """How many of the likeliest classes to tell instead of the probabilities; 0 for those."""


def output_specs(labels: Sequence[int] | Sequence[str]) -> tuple[TensorSpec, TensorSpec]:
    """Return the tensors that a model gives, in its order: `label` and `probabilities`."""
    return (
        TensorSpec(LABEL, _INT64 if _are_numbers(labels) else BYTES, (-1, 1)),
        TensorSpec(PROBABILITIES, "FP32", (-1, len(labels))),
    )


def _are_numbers(labels: Sequence[int] | Sequence[str]) -> bool:
    return all(isinstance(label, int) and abs(label) <= _INT64_MAX for label in labels)


class Outputs:
    """Writes the outputs of one model."""

    def __init__(self, labels: Sequence[int] | Sequence[str]) -> None:
        self.specs = output_specs(labels)
        self._texts = [str(label) for label in labels]
        self._has_numbers = self.specs[0].datatype == _INT64
        self.labels: list[Any] = [*labels] if self._has_numbers else self._texts
        pack: Callable[[Any], bytes] = partial(pack_numbers, _INT64) if self._has_numbers else pack_texts
        self._packed = [pack([label]) for label in self.labels]

    def chosen(self, choices: Sequence[Choice], *, is_binary: bool = False) -> tuple[Choice, ...]:
        """Return the outputs to write, in the model's order: all where none is chosen, and none twice.

        Raises InvalidRequestError where there is no such output, or it cannot be told as classes.
        """
        names = [spec.name for spec in self.specs]
        if not choices:
            return tuple(Choice(name, is_binary) for name in names)
        for choice in choices:
            if choice.name not in names:
                raise InvalidRequestError(
                    f"there is no output {shown(choice.name)}; the model gives {', '.join(names)}"
                )
            if choice.classes and choice.name != PROBABILITIES:
                raise InvalidRequestError(f"classification is of {PROBABILITIES}, not of {choice.name}")
        first = {choice.name: choice for choice in reversed(choices)}
        return tuple(first[name] for name in names if name in first)

    def described(self, choice: Choice, rows: int) -> TensorSpec:
        """Return what an output is, for so many rows."""
        label, probabilities = self.specs
        if choice.name == LABEL:
            return TensorSpec(LABEL, label.datatype, (rows, 1))
        if choice.classes:
            return TensorSpec(PROBABILITIES, BYTES, (rows, min(choice.classes, len(self.labels))))
        return TensorSpec(PROBABILITIES, probabilities.datatype, (rows, len(self.labels)))

    def values(self, choice: Choice, scores: Scores) -> list[Any]:
        """Return an output's values, row-major, as Python's; a number read as float32 is the model's own."""
        if choice.name == LABEL:
            return [self.labels[index] for index in scores.best]
        if choice.classes:
            return self._classified(choice.classes, scores.probabilities)
        numbers = scores.numbers
        return numbers[0] if len(numbers) == 1 else list(chain.from_iterable(numbers))

    def blob(self, choice: Choice, scores: Scores) -> bytes:
        """Return an output's values as bytes."""
        if choice.name == LABEL:
            return b"".join([self._packed[index] for index in scores.best])
        if choice.classes:
            return pack_texts(self._classified(choice.classes, scores.probabilities))
        return scores.probabilities.astype("<f4", copy=False).tobytes()

    def _classified(self, most: int, probabilities: FloatArray) -> list[str]:
        """Return `value:index:label` of the likeliest classes of each row, likeliest first."""
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, :most]
        return [
            f"{row[index]:f}:{index}:{self._texts[index]}"
            for row, best in zip(probabilities, order.tolist(), strict=True)
            for index in best
        ]
