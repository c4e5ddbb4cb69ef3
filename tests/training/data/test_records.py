"""The encoder is fitted on training rows alone, and says what it cannot be fitted on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bundle.fields import CategoryField, NumberField, TextField
from training.data.records import CATEGORIES_MAX, TOKENS_MAX, FieldKind, Fitted, Records, encode, fit_encoder
from training.errors import FeaturesError

KINDS: dict[str, FieldKind] = {"age": "number", "job": "category", "note": "text"}
ROWS: list[Any] = [
    {"age": 1, "job": "nurse", "note": "oil rose"},
    {"age": 3, "job": "smith", "note": "oil fell a lot"},
    {"age": 50, "job": "smith", "note": "oil rose"},
    {"age": None, "job": "judge", "note": "held out words held out"},
]


def fitted(records: Records, training: range, tokens: int | None = None, vocabulary: int = 99) -> Fitted:
    return fit_encoder("toy", records, np.array(training), tokens=tokens, vocabulary=vocabulary)


def test_nothing_of_the_held_out_rows_is_in_the_encoder() -> None:
    encoded = fitted(Records(KINDS, ROWS, "filled"), range(3))
    age, job, note = encoded.encoder.fields
    assert isinstance(age, NumberField)
    assert age.fill == 3.0  # the median of 1, 3 and 50
    assert isinstance(job, CategoryField)
    assert job.categories == ("nurse", "smith")
    assert isinstance(note, TextField)
    assert encoded.encoder.vocabulary.words == ("oil", "rose")
    (held_out,) = encode("toy", encoded.encoder, ROWS[3:])
    assert held_out.tolist()[:5] == [3.0, 1.0, 0.0, 0.0, 1.0]
    assert set(held_out[5:].tolist()) == {1.0}


def test_the_input_of_a_bundle_is_described() -> None:
    encoded = fitted(Records(KINDS, ROWS, "filled"), range(3), tokens=4)
    assert (encoded.input.kind, encoded.input.shape) == ("table", (9,))
    assert (encoded.input.tokens, encoded.input.vocabulary) == (4, 4)
    bare = fitted(Records({"t": "text"}, ["a b", "a b"]), range(2))
    assert (bare.input.kind, bare.input.shape, bare.encoder.bare) == ("text", (2,), True)


def test_as_many_words_are_read_as_nearly_all_texts_have() -> None:
    texts = ["a b c"] * 99 + ["a " * 5000]
    assert fitted(Records({"t": "text"}, texts), range(100)).input.tokens == 3
    assert fitted(Records({"t": "text"}, ["a " * 5000] * 9), range(9)).input.tokens == TOKENS_MAX
    assert fitted(Records({"t": "text"}, texts), range(100), tokens=7).input.tokens == 7


def test_a_missing_value_where_none_may_be_is_named() -> None:
    with pytest.raises(FeaturesError, match=r"toy: instances\[3\]\.age is null"):
        encode("toy", fitted(Records(KINDS, ROWS, "refused"), range(3)).encoder, ROWS)


@pytest.mark.parametrize(
    ("kinds", "rows", "said"),
    [
        ({"a": "number"}, [{"a": None}] * 3, "no value in column 'a' in the training rows"),
        (
            {"a": "category"},
            [{"a": f"c{i}"} for i in range(CATEGORIES_MAX + 1)],
            "101 different words in column",
        ),
        ({"t": "text"}, ["a", "b", "c"], "no word in 't' that two training rows share"),
    ],
)
def test_what_teaches_nothing_is_refused(kinds: Any, rows: list[Any], said: str) -> None:
    with pytest.raises(FeaturesError, match=said):
        fitted(Records(kinds, rows, "filled"), range(len(rows)))


def test_the_digest_depends_on_every_value() -> None:
    digests = {
        Records(KINDS, ROWS).sha256,
        Records(KINDS, ROWS[:3]).sha256,
        Records(KINDS, [ROWS[0] | {"note": "oil rose "}, *ROWS[1:]]).sha256,
        Records(KINDS | {"age": "category"}, ROWS).sha256,
    }
    assert len(digests) == 4
