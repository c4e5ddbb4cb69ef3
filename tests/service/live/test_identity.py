"""Ids of answers say what they are of, and cannot be made up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.live.identity import TAG_BYTES, WORKER_BYTES, Identity, read

KEY = b"k" * 32

identities = st.builds(
    Identity,
    worker=st.binary(min_size=WORKER_BYTES, max_size=WORKER_BYTES),
    tag=st.binary(min_size=TAG_BYTES, max_size=TAG_BYTES),
    first=st.integers(0, 2**48 - 1),
    rows=st.integers(0, 2**24 - 1),
)


@given(identities)
def test_what_an_id_says_is_read_again(identity: Identity) -> None:
    text = identity.signed(KEY)
    assert read(text, KEY) == identity
    assert len(text) == 36
    assert "." not in text  # which is before the row


@given(identities, st.data())
def test_an_id_that_was_changed_anywhere_is_none(identity: Identity, data: st.DataObject) -> None:
    text = identity.signed(KEY)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters().filter(lambda one: one != text[place]))
    assert read(text[:place] + other + text[place + 1 :], KEY) is None


@given(identities)
def test_an_id_that_another_service_has_signed_is_none(identity: Identity) -> None:
    assert read(identity.signed(b"other"), KEY) is None


@given(st.text())
def test_no_text_is_an_id_by_chance(text: str) -> None:
    assert read(text, KEY) is None
