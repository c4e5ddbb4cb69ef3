from __future__ import annotations

from typing import Any

import pytest

from training.config import TrainConfig
from training.errors import DivergedError
from training.models.fit import Epoch
from training.models.widths import fit_widths

CONFIG = TrainConfig(data="iris", widths=(0.5, 1, 2), variants=("int8",))


class Fits:
    """Fits nothing, and diverges at the widths that it was told to."""

    def __init__(self, *diverging: float) -> None:
        self._diverging = diverging

    def __call__(self, width: float) -> tuple[Any, list[Epoch]]:
        if width in self._diverging:
            raise DivergedError("the loss is nan")
        return f"model of {width:g}", [Epoch(1, 1.0, 1.0, 0.5)]


def test_every_width_is_fitted_narrowest_first() -> None:
    trained = fit_widths(CONFIG, Fits())
    assert [(one.width, one.model) for one in trained.fitted] == [
        (0.5, "model of 0.5"),
        (1, "model of 1"),
        (2, "model of 2"),
    ]
    assert trained.failures == {}


def test_a_width_that_diverges_fails_its_own_rungs_alone() -> None:
    trained = fit_widths(CONFIG, Fits(0.5))
    assert [one.width for one in trained.fitted] == [1, 2]
    assert trained.failures == {"w0.5-float32": "the loss is nan", "w0.5-int8": "the loss is nan"}


def test_without_width_1_there_is_nothing_to_compare_with() -> None:
    with pytest.raises(DivergedError):
        fit_widths(CONFIG, Fits(1))
