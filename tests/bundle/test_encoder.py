"""Instances become rows exactly as the fields say, or are refused by name."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundle.encoder import Encoder, InstanceError
from bundle.fields import BooleanField, CategoryField, NumberField, TextField
from bundle.vocabulary import Vocabulary

WORDS = Vocabulary(("oil", "rose"))
TABLE = Encoder(
    (
        NumberField(name="age", missing="filled", fill=40.0),
        TextField(name="note", tokens=3),
        CategoryField(name="job", categories=("nurse", "smith"), missing="filled"),
        NumberField(name="income"),
    ),
    WORDS,
)
TEXT = Encoder((TextField(name="text", tokens=3),), WORDS, bare=True)
GOOD = {"age": 41, "note": "Oil rose", "job": "smith", "income": 2.5}


def test_numbers_and_categories_come_first_and_token_ids_last() -> None:
    #                                            age      job        income  note
    assert TABLE.encode([GOOD]).tolist() == [[41.0, 0.0, 0.0, 1.0, 0.0, 2.5, 2.0, 3.0, 0.0]]


def test_a_missing_number_is_filled_in_and_said_to_be() -> None:
    for age in ({}, {"age": None}):
        row = TABLE.encode([{name: GOOD[name] for name in ("note", "job", "income")} | age])[0]
        assert row[:2].tolist() == [40.0, 1.0]


@pytest.mark.parametrize("job", [" smith", "smith\u00a0", "\tsmith\n"])
def test_blanks_around_a_category_are_no_part_of_it(job: str) -> None:
    assert TABLE.encode([GOOD | {"job": job}]).tolist() == TABLE.encode([GOOD]).tolist()


def test_categories_and_names_of_fields_are_the_same_in_every_unicode_form() -> None:
    encoder = Encoder((CategoryField(name="caf\u00e9", categories=("Z\u00fcrich", "Bern")),), Vocabulary(()))
    instances = [
        {name: city} for name in ("caf\u00e9", "cafe\u0301") for city in ("Z\u00fcrich", "Zu\u0308rich")
    ]
    assert encoder.encode(instances).tolist() == [[1, 0, 0]] * 4
    with pytest.raises(InstanceError, match="the field 'caf\u00e9' twice"):
        encoder.encode([{"caf\u00e9": "Bern", "cafe\u0301": "Bern"}])


@pytest.mark.parametrize(
    ("on", "row"),
    [
        *((value, [1.0, 0.0]) for value in (True, 1, 1.0, "true", "True", " TRUE ")),
        *((value, [0.0, 0.0]) for value in (False, 0, "false", "False", "FALSE")),
        *((value, [1.0, 1.0]) for value in (None, "", " ")),
    ],
)
def test_a_boolean_is_taken_as_json_has_it_and_as_tables_write_it(on: Any, row: list[float]) -> None:
    encoder = Encoder((BooleanField(name="on", missing="filled", fill=True),), Vocabulary(()))
    assert encoder.encode([{"on": on}]).tolist() == [row]


@pytest.mark.parametrize("on", [2, 0.5, "yes", [], float("nan")])
def test_what_is_no_boolean_is_refused(on: Any) -> None:
    encoder = Encoder((BooleanField(name="on"),), Vocabulary(()))
    with pytest.raises(InstanceError, match=r"instances\[0\]\.on is .*; it must be true or false"):
        encoder.encode([{"on": on}])


def test_an_empty_word_is_a_missing_value() -> None:
    encoder = Encoder((CategoryField(name="job", categories=("nurse",)),), Vocabulary(()))
    with pytest.raises(
        InstanceError, match=r"instances\[0\]\.job is empty; a string, such as 'nurse' is needed"
    ):
        encoder.encode([{"job": " "}])


@pytest.mark.parametrize("job", ["butcher", "", None, "SMITH"])
def test_a_category_of_no_training_row_has_a_column_of_its_own(job: str | None) -> None:
    assert TABLE.encode([GOOD | {"job": job}])[0, 2:5].tolist() == [0.0, 0.0, 1.0]


def test_a_text_is_cut_filled_up_and_its_strange_words_are_one() -> None:
    texts = ["", "oil", "gas rose oil oil oil"]
    assert TEXT.encode(texts).tolist() == [[0, 0, 0], [2, 0, 0], [1, 3, 2]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"age": "old"}, "instances[1].age is 'old'; it must be a number"),
        ({"age": True}, "instances[1].age is true; it must be a number"),
        ({"age": float("nan")}, "instances[1].age is nan, which is not finite"),
        ({"age": 10**400}, "instances[1].age is an integer beyond 64 bits, which is not finite"),
        ({"age": -1e39}, "instances[1].age is -1e+39, which is not finite or does not fit in float32"),
        ({"age": []}, "instances[1].age is a list; it must be a number"),
        ({"income": None}, "instances[1].income is null; a number is needed"),
        ({"job": 3}, "instances[1].job is 3; it must be a string, such as 'nurse', 'smith'"),
        ({"note": {}}, "instances[1].note is an object; it must be a string"),
        ({"note": None}, "instances[1].note is null; a string is needed"),
        ({"shoe": 1}, "instances[1] has a field 'shoe' that the model does not know; it takes 'age', 'note'"),
        ({"\ud800": 1}, "instances[1] has a field '\\ud800' that the model does not know"),
        ({"age": "x" * 999}, "instances[1].age is 'xxx"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_right(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InstanceError, match=re.escape(said)) as caught:
        TABLE.encode([GOOD, GOOD | change])
    assert len(str(caught.value)) < 250
    str(caught.value).encode()  # nothing in it that an answer could not carry


@pytest.mark.parametrize("instance", [None, 1, "text", [1]])
def test_what_is_no_object_is_refused(instance: Any) -> None:
    with pytest.raises(InstanceError, match=r"instances\[0\] is .*objects with the fields 'age', 'note'"):
        TABLE.encode([instance])


@pytest.mark.parametrize("instance", [None, 1, {"text": "a"}, ["a"]])
def test_what_is_no_text_is_refused(instance: Any) -> None:
    with pytest.raises(InstanceError, match=r"instances\[0\] is .*; the model takes texts"):
        TEXT.encode([instance])


def test_an_absent_field_that_may_not_be_missing_is_named() -> None:
    with pytest.raises(InstanceError, match=r"instances\[0\]\.income is missing; a number is needed"):
        TABLE.encode([{"note": ""}])


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.text(st.characters(codec=None), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.fixed_dictionaries({}, optional=dict.fromkeys([*GOOD, "other"], ANYTHING))


@given(st.lists(OBJECTS | ANYTHING, max_size=3))
def test_anything_is_a_finite_row_of_known_ids_or_an_instance_error(instances: list[Any]) -> None:
    for encoder in (TABLE, TEXT):
        try:
            rows = encoder.encode(instances)
        except InstanceError as error:
            refusal = str(error)
        else:
            refusal = ""
        if refusal:
            assert re.match(r"instances\[\d\]", refusal)
            refusal.encode()
            continue
        assert rows.shape == (len(instances), encoder.features)
        assert rows.dtype == np.float32
        assert np.isfinite(rows).all()
        assert set(rows[:, -3:].ravel().tolist()) <= {0.0, 1.0, 2.0, 3.0}


@given(st.text(st.characters(codec=None)), st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_the_same_instance_always_gives_the_same_row(note: str, income: float) -> None:
    instance = GOOD | {"note": note, "income": income}
    first, second = TABLE.encode([instance, instance])
    assert np.array_equal(first, second)
    assert first[5] == np.float32(income)
