from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.config import Architecture, TrainConfig
from training.search import PRECISIONS
from training.space import DEPTHS, WIDTHS, config_of, suggest, untuned


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


@pytest.mark.parametrize("model", sorted(WIDTHS))
def test_the_untuned_model_is_a_point_of_the_space_and_gives_the_default_config(model: Architecture) -> None:
    base = TrainConfig(data="x", model=model, variants=("float32",))
    point = untuned(base)
    low, high, step = WIDTHS[model]
    assert point["width"] in range(low, high + 1, step)
    assert 1 <= point["depth"] <= DEPTHS[model]
    assert set(point) == set(suggest(Edge(0), model, PRECISIONS))
    assert config_of(base, point) == base


@given(st.sampled_from(sorted(WIDTHS)), st.integers(0, 1))
def test_every_corner_of_the_space_is_a_config(model: Architecture, end: int) -> None:
    point = suggest(Edge(end), model, PRECISIONS)
    config = config_of(TrainConfig(data="x", model=model), point)
    assert len(config.hidden) == point["depth"]
    assert config.hidden[0] == point["width"]
    assert set(config.variants) == {"float32", point["precision"]}
