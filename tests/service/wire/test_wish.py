"""What a caller wishes of the variant that the service chooses, as texts and as numbers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidRequestError
from service.wire.wish import TIMEOUT_MS_MAX, WISHES, Wish, variant_under, wish_of


@pytest.mark.parametrize(
    "fields",
    [
        {"max_latency_ms": "12.5", "min_accuracy": "0.9", "objective": "latency", "fallback": "best_effort"},
        {"max_latency_ms": 12.5, "min_accuracy": 0.9, "objective": "latency", "fallback": "best_effort"},
    ],
)
def test_a_wish_may_be_texts_or_numbers(fields: dict[str, Any]) -> None:
    assert wish_of(fields | {"other": 1}) == Wish(12.5, 0.9, "latency", best_effort=True)


@given(
    st.floats(0, TIMEOUT_MS_MAX, exclude_min=True, allow_subnormal=False).filter(lambda ms: ms > 1e-99),
    st.floats(0, 1).filter(lambda share: not 0 < share < 1e-99),
)
def test_a_text_is_the_number_that_a_program_wrote(ms: float, share: float) -> None:
    fields = {"max_latency_ms": ms, "min_accuracy": share}
    assert wish_of({name: str(value) for name, value in fields.items()}) == wish_of(fields)


def test_who_says_nothing_wishes_nothing() -> None:
    assert wish_of({"variant": "auto"}) is None


def test_a_wish_without_a_variant_means_auto() -> None:
    wish = Wish()
    assert variant_under(None, "int8") == "int8"
    assert variant_under(wish, None) == variant_under(wish, "auto") == "auto"
    with pytest.raises(InvalidRequestError, match="variant is 'cascade', and max_latency_ms"):
        variant_under(wish, "cascade")


@given(
    st.dictionaries(
        st.sampled_from(WISHES),
        st.one_of(
            st.booleans(), st.integers(), st.floats(), st.text("0123456789.e-+ ainfstry_", max_size=12)
        ),
    )
)
def test_whatever_is_wished_is_within_bounds_or_refused(fields: dict[str, Any]) -> None:
    try:
        wish = wish_of(fields)
    except InvalidRequestError:
        return
    if wish is not None:
        assert wish.max_latency_ms is None or 0 < wish.max_latency_ms <= TIMEOUT_MS_MAX
        assert wish.min_accuracy is None or 0 <= wish.min_accuracy <= 1
