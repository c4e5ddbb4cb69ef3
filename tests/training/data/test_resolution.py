"""What float32 cannot tell apart is said, with what to do about it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.training.data.files.tables import of_csv
from training.config import DataConfig
from training.data.files.sources import load
from training.errors import FeaturesError

EPOCH = 1_732_550_000


def rows(step: float, words: str = "") -> str:
    lines = [
        f"{EPOCH + row * step:.3f},{row % 7}{words and ',' + 'ab'[row % 2]},{row % 2}" for row in range(60)
    ]
    return "\n".join([f"when,b{words},y", *lines, ""])


@pytest.mark.parametrize("words", ["", ",job"])
def test_seconds_of_one_minute_are_said_to_merge_with_the_remedy(tmp_path: Path, words: str) -> None:
    (note,) = of_csv(tmp_path, rows(1, words), numeric=("when",)).notes
    assert "'when' holds 1732550000 to 1732550059, where float32 goes in steps of 128" in note
    assert "only 1 of 60 values apart: subtract an offset such as 1732550000" in note


def test_a_year_of_seconds_keeps_enough_to_learn_from(tmp_path: Path) -> None:
    assert of_csv(tmp_path, rows(500_000.0), numeric=("when",)).notes == ()


def test_where_nothing_else_varies_it_is_refused_for_the_right_reason(tmp_path: Path) -> None:
    x = EPOCH + np.arange(60, dtype=np.int64)[:, None]
    np.savez(tmp_path / "toy.npz", x=x, y=np.arange(60) % 2)
    with pytest.raises(FeaturesError, match=r"constant as float32: feature 0 holds .* subtract an offset"):
        load(DataConfig(data=str(tmp_path / "toy.npz")))
