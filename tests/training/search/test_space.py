from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.config import Architecture, TrainConfig
from training.precisions import FAST
from training.search.space import DEPTHS, WIDTHS, config_of, suggest, untuned, widths_of


class Edge:
    """Draws the lowest or the highest of everything."""

    def __init__(self, end: int) -> None:
        self._end = end

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int:
        return (low, high)[self._end]

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        return (low, high)[self._end]

    def suggest_categorical(self, name: str, choices: list[object]) -> object:
        return choices[-self._end]


@pytest.mark.parametrize("text", [(), ("note",)], ids=["numbers", "texts"])
@pytest.mark.parametrize("model", sorted(WIDTHS))
def test_the_untuned_model_is_a_point_of_the_space_and_gives_the_default_config(
    model: Architecture, text: tuple[str, ...]
) -> None:
    base = TrainConfig(data="x", model=model, text=text, variants=("float32",))
    point = untuned(base)
    low, high, step = widths_of(base)
    assert point["width"] in range(low, high + 1, step)
    assert 1 <= point["depth"] <= DEPTHS[model]
    assert set(point) == set(suggest(Edge(0), base, FAST))
    assert config_of(base, point) == base


@given(st.sampled_from(sorted(WIDTHS)), st.sampled_from([(), ("note",)]), st.integers(0, 1))
def test_every_corner_of_the_space_is_a_config(model: Architecture, text: tuple[str, ...], end: int) -> None:
    base = TrainConfig(data="x", model=model, text=text)
    point = suggest(Edge(end), base, FAST)
    config = config_of(base, point)
    assert len(config.hidden) == point["depth"]
    assert config.hidden[0] == point["width"]
    assert set(config.variants) == {"float32", point["precision"]}
