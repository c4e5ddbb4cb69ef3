"""Bodies of numbers: the rows that come out, and the refusals that say which number is wrong."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from service.errors import InvalidRequestError
from service.wire.vectors import decode_json


def test_a_short_sequence_is_filled_up_with_zeros_where_the_model_is_padded() -> None:
    def decode(rows: Sequence[Sequence[float]], step: int) -> list[list[float]]:
        body = json.dumps({"instances": rows}).encode()
        decoded: list[list[float]] = decode_json(body, features=6, max_rows=9, step=step).tolist()
        return decoded

    assert decode([[1.5, 2], [1, 2, 3, 4, 5, 6]], 2) == [[1.5, 2, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6]]
    assert decode([[1, 2, 3, 4]], 2) == [[1, 2, 3, 4, 0, 0]]
    wrong: Sequence[float]
    for wrong in ([], [1], [1, 2, 3], [1] * 8):
        with pytest.raises(InvalidRequestError, match="the model takes 6, or whole steps of 2"):
            decode([[1] * 6, wrong], 2)
    with pytest.raises(InvalidRequestError, match=r"instances\[0\] has 2 features; the model takes 6$"):
        decode([[1, 2]], 0)
