from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from loadtests.protocol.dialects.predict import Predict
from loadtests.protocol.marking import Examiner, Mark
from loadtests.workload.payloads import Body, Payloads
from loadtests.workload.target import Target

DIALECT = Predict(Target("digits", 3, "int8", (0, 1, 2)))
PROBABILITIES = [[0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]
ANSWER = {
    "model": "digits",
    "version": 3,
    "variant": "int8",
    "predictions": [1, 2],
    "probabilities": PROBABILITIES,
}
CONTENT = json.dumps(ANSWER).encode()


def _payloads(*labels: int) -> Payloads:
    """One body with the second and the first of two test rows, of these labels."""
    return Payloads(2, np.array([1, 0]), (Body(b"{}"),), (list(labels),))


@pytest.mark.parametrize(
    ("labels", "wrong"), [((1, 2), ()), ((1, 0), (1,)), ((0, 2), (0,)), ((0, 0), (0, 1))]
)
def test_wrong_labels_are_found_at_their_places(labels: Sequence[int], wrong: tuple[int, ...]) -> None:
    assert Examiner(DIALECT, _payloads(*labels))(0, 200, CONTENT) == Mark(wrong)


def test_an_answer_that_is_not_as_promised_has_a_reason_and_nothing_else() -> None:
    examiner = Examiner(DIALECT, _payloads(1, 2), {"int8": np.zeros((2, 3), np.float32)})
    assert examiner(0, 503, CONTENT) == Mark(reason="status 503")
    assert examiner(0, 200, b"nonsense") == Mark(reason="the answer is not JSON")


def test_an_answer_is_compared_with_the_prediction_offline_of_the_very_rows() -> None:
    offline = np.array([[0.1, 0.5, 0.4], [0.1, 0.8, 0.1]], np.float32)  # by row: the body has them in turn
    mark = Examiner(DIALECT, _payloads(1, 2), {"int8": offline})(0, 200, CONTENT)
    assert mark.wrong == ()
    assert mark.astray == (1,)  # offline it is a 1, and the answer says 2
    np.testing.assert_allclose(mark.differences, [0.0, 0.4], atol=1e-6)


def test_a_row_without_a_prediction_offline_is_compared_with_nothing() -> None:
    offline = np.array([[np.nan] * 3, [0.9, 0.05, 0.05]], np.float32)
    mark = Examiner(DIALECT, _payloads(1, 2), {"int8": offline})(0, 200, CONTENT)
    assert mark.astray == (0,)
    assert mark.differences[0] == pytest.approx(0.8)
    assert np.isnan(mark.differences[1])


def test_the_same_answer_is_read_once_as_far_as_there_is_room_to_remember() -> None:
    examiner = Examiner(DIALECT, _payloads(1, 2), remembered_bytes_max=len(CONTENT))
    assert examiner(0, 200, CONTENT) is examiner(0, 200, bytes(bytearray(CONTENT)))
    other = CONTENT + b" "
    assert examiner(0, 200, other) == examiner(0, 200, CONTENT)
    assert examiner(0, 200, other) is not examiner(0, 200, other)
    assert examiner(0, 500, CONTENT) != examiner(0, 200, CONTENT)


def test_where_the_service_chose_it_is_the_prediction_of_the_variant_that_answered_that_counts() -> None:
    chosen = replace(DIALECT, target=replace(DIALECT.target, variant="auto"))
    right = np.array([[0.1, 0.1, 0.8], [0.1, 0.8, 0.1]], np.float32)
    examiner = Examiner(chosen, _payloads(1, 2), {"float32": right[::-1], "int8": right})
    mark = examiner(0, 200, CONTENT)
    assert (mark.variant, mark.astray) == ("int8", ())
    mark = examiner(0, 200, CONTENT.replace(b'"int8"', b'"float32"'))
    assert (mark.variant, mark.astray) == ("float32", (0, 1))
    mark = examiner(0, 200, CONTENT.replace(b'"int8"', b'"unheard"'))
    assert (mark.variant, mark.differences) == ("unheard", ())
