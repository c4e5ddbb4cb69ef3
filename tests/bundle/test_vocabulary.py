"""Texts become words, and words numbers, in one way only."""

from __future__ import annotations

import json
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundle.vocabulary import CHARACTERS_A_WORD, IDS_MAX, UNKNOWN, Vocabulary, words

ANY_TEXT = st.text(st.characters(codec=None), max_size=200)  # lone surrogates and NUL among them


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Oil prices ROSE 3.5%", ["oil", "prices", "rose", "3", "5"]),
        ("", []),
        (" \t\n_-\0!", []),
        ("снег, Straße", ["снег", "straße"]),
        ("हिन्दी भाषा, שָׁלוֹם", ["हिन्दी", "भाषा", "שָׁלוֹם"]),
        ("half \ud800 a pair", ["half", "a", "pair"]),
        ("snake_case", ["snake", "case"]),
    ],
)
def test_words_are_runs_of_letters_and_digits_in_lower_case(text: str, expected: list[str]) -> None:
    assert words(text, 9) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("東京は great", ["東", "京", "は", "great"]),
        ("ภาษาที่ดี", ["ภ", "า", "ษ", "า", "ที่", "ดี"]),
        ("カー・パ", ["カ", "ー", "パ"]),
        ("文\uff0c3 文", ["文", "3", "文"]),
        ("한국어 텍스트", ["한국어", "텍스트"]),
        ("good 👍🏽 ❤️ ❤ 🇩🇪", ["good", "👍", "❤", "❤", "🇩🇪"]),
        ("👨‍👩‍👧", ["👨", "👩", "👧"]),
        ("3°C ─── ©", ["3", "c"]),
    ],
)
def test_letters_of_scripts_without_spaces_and_emoji_are_words_by_themselves(
    text: str, expected: list[str]
) -> None:
    assert words(text, 9) == expected


@given(st.text(st.characters(min_codepoint=0xA0, max_codepoint=0x1FFF), max_size=60))
def test_a_word_is_one_word_in_whichever_form_of_unicode_it_was_typed(text: str) -> None:
    assert words(normalize("NFD", text), 9) == words(normalize("NFC", text), 9)


@given(st.text(st.characters(max_codepoint=0x7F), max_size=60))
def test_plain_text_is_cut_by_newer_rules_as_by_the_first(text: str) -> None:
    assert words(text, 9, 2) == words(text, 9, 1)


def test_a_bundle_of_the_first_rules_goes_on_cutting_by_them() -> None:
    first = Vocabulary.parse('["日本", "e"]'.encode(), 1)
    assert first.ids("日本 é", 9) == [2, 3]
    assert Vocabulary(("日", "é")).ids("日本 é", 9) == [2, UNKNOWN, 3]


def test_no_more_words_are_looked_for_than_are_wanted() -> None:
    assert words("a b c d", 2) == ["a", "b"]
    assert words(" " * CHARACTERS_A_WORD * 2 + "late", 2) == []


@given(ANY_TEXT, st.integers(1, 20))
def test_every_text_has_ids_that_there_are(text: str, most: int) -> None:
    vocabulary = Vocabulary(("a", "b", "0"))
    ids = vocabulary.ids(text, most)
    assert len(ids) <= most
    assert all(UNKNOWN <= number < vocabulary.size for number in ids)


def test_the_commonest_words_are_numbered_and_ties_fall_by_the_alphabet() -> None:
    texts = ["b a c", "b a", "b c rare", "b"]
    assert Vocabulary.fit(texts, most=100, tokens=9).words == ("b", "a", "c")
    assert Vocabulary.fit(texts, most=4, tokens=9).words == ("b", "a")
    assert Vocabulary.fit(["a a a", "b", "b"], most=9, tokens=9).words == ("b",)  # texts count, not mentions


def test_words_beyond_those_that_are_read_teach_nothing() -> None:
    assert Vocabulary.fit(["a b c"] * 2, most=9, tokens=2).words == ("a", "b")


@given(st.sets(st.text(max_size=8), max_size=20))
def test_what_was_dumped_is_parsed(held: set[str]) -> None:
    vocabulary = Vocabulary(tuple(held))
    assert Vocabulary.parse(vocabulary.dump()) == vocabulary


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1]", b'["a","a"]', b"\xff", b"[" * 100_000, json.dumps(["x"] * 9).encode()]
)
def test_what_is_no_list_of_different_words_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Vocabulary.parse(content)


def test_ids_stay_below_what_the_normaliser_lets_through_exactly() -> None:
    assert Vocabulary(tuple(f"w{i}" for i in range(IDS_MAX - 2))).size == IDS_MAX
    with pytest.raises(ValueError, match="9999 words; at most 9998"):
        Vocabulary(tuple(f"w{i}" for i in range(IDS_MAX - 1)))
