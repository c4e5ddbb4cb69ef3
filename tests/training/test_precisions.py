from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bundle.manifest import Name
from training.config import TrainConfig
from training.precisions import VARIANTS, Rung, folder_name, scaled


@pytest.mark.parametrize(
    ("width", "precision", "name"),
    [(1.0, "int8", "int8"), (0.5, "int8", "w0.5-int8"), (2.0, "float32", "w2-float32")],
)
def test_width_1_keeps_the_plain_names_and_others_say_their_width(
    width: float, precision: str, name: str
) -> None:
    assert Rung(width, precision).name == name


@given(st.lists(st.floats(0.01, 16), min_size=1, max_size=15))
def test_widths_come_sorted_with_1_among_them_and_every_name_is_allowed_and_its_own(
    widths: list[float],
) -> None:
    resolved = TrainConfig(data="iris", widths=tuple(widths)).widths
    assert 1.0 in resolved
    assert list(resolved) == sorted(resolved)
    names = [Rung(width, precision).name for width in resolved for precision in VARIANTS]
    assert len(set(names)) == len(names)
    for name in names:
        TypeAdapter(Name).validate_python(name)
    assert len({folder_name(width) for width in resolved}) == len(resolved)


def test_layers_are_scaled_with_at_least_one_unit_in_each() -> None:
    assert scaled((16, 48), 0.25) == (4, 12)
    assert scaled((16, 5), 0.5) == (8, 3)
    assert scaled((3, 1), 0.01) == (1, 1)
    assert scaled((3, 7), 1.0) == (3, 7)
