"""From what a model answers to tensors: labels, probabilities, and the likeliest classes."""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
import pytest

from bundle.normalizer import FloatArray
from service.errors import InvalidRequestError
from service.wire.tensors.blobs import unpack
from service.wire.tensors.outputs import Choice, Outputs, output_specs
from service.wire.tensors.tensor import TensorSpec


class Answer(NamedTuple):
    best: list[int]
    probabilities: FloatArray
    numbers: list[list[float]]
    id: str | None = None


def answer(*rows: list[float]) -> Answer:
    probabilities = np.array(rows, np.float32)
    return Answer(probabilities.argmax(axis=1).tolist(), probabilities, probabilities.tolist())


TEXTS, NUMBERS = Outputs(("a", "b", "é")), Outputs((3, -7, 2**63 - 1))
ANSWER = answer([0.1, 0.7, 0.2], [0.25, 0.25, 0.5])


def test_labels_are_numbers_where_all_are_and_fit() -> None:
    assert output_specs((1, 2)) == (
        TensorSpec("label", "INT64", (-1, 1)),
        TensorSpec("probabilities", "FP32", (-1, 2)),
    )
    assert output_specs(("1", "2"))[0].datatype == "BYTES"
    assert output_specs((1, 2**63))[0].datatype == "BYTES"


def test_values_and_blobs_say_the_same() -> None:
    for outputs, labels in ((TEXTS, ["b", "é"]), (NUMBERS, [-7, 2**63 - 1])):
        label, probabilities = outputs.chosen([])
        assert outputs.values(label, ANSWER) == labels
        spec = outputs.described(label, 2)
        packed = list(unpack(spec.name, spec.datatype, spec.shape, outputs.blob(label, ANSWER)).values)
        assert [one.decode() if isinstance(one, bytes) else one for one in packed] == labels
        np.testing.assert_array_equal(
            np.array(outputs.values(probabilities, ANSWER), np.float32), ANSWER.probabilities.ravel()
        )
        assert outputs.blob(probabilities, ANSWER) == struct.pack("<6f", *ANSWER.probabilities.ravel())
        assert outputs.described(probabilities, 2) == TensorSpec("probabilities", "FP32", (2, 3))


def test_outputs_are_told_once_and_in_the_order_of_the_model() -> None:
    wanted = [Choice("probabilities", is_binary=True), Choice("label"), Choice("probabilities")]
    assert TEXTS.chosen(wanted) == (Choice("label"), Choice("probabilities", is_binary=True))
    assert TEXTS.chosen([], is_binary=True) == (
        Choice("label", is_binary=True),
        Choice("probabilities", is_binary=True),
    )
    assert TEXTS.chosen([Choice("label")]) == (Choice("label"),)


def test_the_likeliest_classes_are_told_by_value_index_and_label() -> None:
    choice = Choice("probabilities", classes=2)
    expected = ["0.700000:1:b", "0.200000:2:é", "0.500000:2:é", "0.250000:0:a"]
    assert TEXTS.values(choice, ANSWER) == expected
    assert TEXTS.described(choice, 2) == TensorSpec("probabilities", "BYTES", (2, 2))
    assert [
        one.decode() for one in unpack("p", "BYTES", (2, 2), TEXTS.blob(choice, ANSWER)).values
    ] == expected


def test_there_are_no_more_classes_than_the_model_has() -> None:
    choice = Choice("probabilities", classes=10**9)
    assert NUMBERS.described(choice, 1) == TensorSpec("probabilities", "BYTES", (1, 3))
    assert NUMBERS.values(choice, answer([0.0, 0.0, 1.0])) == [
        f"1.000000:2:{2**63 - 1}",
        "0.000000:0:3",
        "0.000000:1:-7",
    ]


def test_an_output_that_is_none_and_classes_of_a_label_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match="there is no output 'scores'; the model gives label, prob"):
        TEXTS.chosen([Choice("label"), Choice("scores")])
    with pytest.raises(InvalidRequestError, match="classification is of probabilities, not of label"):
        TEXTS.chosen([Choice("label", classes=1)])
