from __future__ import annotations

from typing import Any

import pytest

from training.config import TrainConfig
from training.distill import Lesson
from training.errors import DivergedError, OptionError
from training.fit import Epoch
from training.ladder import fit_widths, require_possible


class Fits:
    """Fits nothing: remembers what it was asked for, and diverges at the widths it was told to."""

    def __init__(self, *diverging: float) -> None:
        self.asked: list[tuple[float, Any]] = []
        self._diverging = diverging

    def __call__(self, width: float, lesson: Lesson | None) -> tuple[Any, list[Epoch]]:
        self.asked.append((width, lesson and lesson.teacher))
        if width in self._diverging:
            raise DivergedError("the loss is nan")
        return f"model of {width:g}", [Epoch(1, 1.0, 1.0, 0.5)]


def config(**options: Any) -> TrainConfig:
    return TrainConfig(data="iris", widths=(0.5, 1, 2), variants=("int8",), **options)


def test_widths_learn_from_the_labels_alone_where_nobody_asks_for_more() -> None:
    fits = Fits()
    fitted, failures = fit_widths(config(), fits)
    assert [one.width for one in fitted] == [0.5, 1, 2]
    assert [teacher for _, teacher in fits.asked] == [None, None, None]
    assert not any(one.distilled for one in fitted)
    assert failures == {}


def test_narrower_widths_learn_from_the_widest() -> None:
    fits = Fits()
    fitted, _ = fit_widths(config(distill=True), fits)
    assert fits.asked == [(2, None), (1, "model of 2"), (0.5, "model of 2")]
    assert [one.rung("int8").distilled for one in fitted] == [True, True, False]


def test_a_width_that_diverges_fails_its_own_rungs_alone() -> None:
    fitted, failures = fit_widths(config(), Fits(0.5))
    assert [one.width for one in fitted] == [1, 2]
    assert failures == {"w0.5-float32": "the loss is nan", "w0.5-int8": "the loss is nan"}


def test_without_the_widest_the_others_learn_from_the_labels_and_it_is_told() -> None:
    told: list[str] = []
    fitted, _ = fit_widths(config(distill=True), Fits(2), told.append)
    assert [(one.width, one.distilled) for one in fitted] == [(0.5, False), (1, False)]
    assert told[0] == "width 1 learns from the labels alone: the widest model failed"


def test_without_width_1_there_is_nothing_to_compare_with() -> None:
    with pytest.raises(DivergedError):
        fit_widths(config(), Fits(1))


def test_distilling_is_refused_where_it_cannot_be() -> None:
    with pytest.raises(OptionError, match="the one width 1; a narrower model needs a wider one"):
        require_possible(TrainConfig(data="iris", distill=True))
    with pytest.raises(OptionError, match="--loss mse; it goes with cross_entropy alone"):
        require_possible(config(distill=True, loss="mse"))
    require_possible(config(distill=True))
