from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.config import Architecture, TrainConfig
from training.precisions import FAST
from training.search.space import DEPTHS, VARIED, WIDTHS, Parameters, config_of, suggest, untuned, widths_of


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


@st.composite
def bases(draw: st.DrawFn) -> TrainConfig:
    """Any untuned model that a user may describe."""
    return TrainConfig(
        data="x",
        model=draw(st.sampled_from(sorted(WIDTHS))),
        text=draw(st.sampled_from([(), ("note",)])),
        hidden=tuple(draw(st.lists(st.integers(1, 2000), max_size=5))),
        learning_rate=draw(st.floats(1e-9, 10)),
        batch_size=draw(st.integers(1, 4000)),
        optimizer=draw(st.sampled_from(["adam", "sgd"])),
        variants=("float32",),
    )


class Within:
    """Draws what it is told, and refuses what is out of bounds, as Optuna does."""

    def __init__(self, point: Parameters) -> None:
        self._point = point

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int:
        assert self._point[name] in range(low, high + 1, step)
        return int(self._point[name])

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        assert low <= self._point[name] <= high
        return float(self._point[name])

    def suggest_categorical(self, name: str, choices: list[object]) -> object:
        assert self._point[name] in choices
        return self._point[name]


@given(bases())
def test_whatever_the_untuned_model_is_it_is_a_point_of_the_space_and_comes_out_as_it_went_in(
    base: TrainConfig,
) -> None:
    assert suggest(Within(untuned(base)), base, FAST) == untuned(base)
    assert config_of(base, untuned(base)) == base


@pytest.mark.parametrize(
    ("model", "hidden", "width", "depth", "expected"),
    [
        ("mlp", (128, 64), 32, 2, (32, 16)),
        ("mlp", (128, 64), 128, 3, (128, 64, 32)),
        ("mlp", (128, 64), 128, 1, (128,)),
        ("mlp", (64, 128), 64, 3, (64, 128, 128)),
        ("mlp", (100, 1), 10, 3, (10, 1, 1)),
        ("cnn", (16,), 8, 3, (8, 24, 72)),
        ("cnn", (16, 16), 8, 3, (8, 8, 8)),
        ("rnn", (50,), 7, 2, (7, 7)),
    ],
)
def test_other_widths_and_depths_keep_the_taper_of_the_untuned_model(
    model: Architecture, hidden: tuple[int, ...], width: int, depth: int, expected: tuple[int, ...]
) -> None:
    base = TrainConfig(data="x", model=model, hidden=hidden)
    assert config_of(base, untuned(base) | {"width": width, "depth": depth}).hidden == expected


def test_what_a_trial_varies_is_all_that_it_changes_of_the_base_but_its_precision() -> None:
    base = TrainConfig(data="x")
    assert set(VARIED) < set(TrainConfig.model_fields)
    config = config_of(base, suggest(Edge(0), base, FAST))
    changed = {name for name in TrainConfig.model_fields if getattr(config, name) != getattr(base, name)}
    assert changed - {"variants"} <= set(VARIED)


@given(st.sampled_from(sorted(WIDTHS)), st.sampled_from([(), ("note",)]), st.integers(0, 1))
def test_every_corner_of_the_space_is_a_config(model: Architecture, text: tuple[str, ...], end: int) -> None:
    base = TrainConfig(data="x", model=model, text=text)
    point = suggest(Edge(end), base, FAST)
    config = config_of(base, point)
    assert len(config.hidden) == point["depth"]
    assert config.hidden[0] == point["width"]
    assert set(config.variants) == {"float32", point["precision"]}
