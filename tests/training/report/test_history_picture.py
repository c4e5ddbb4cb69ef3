from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.image import imread

from training.models.fit import Epoch
from training.report.history_picture import draw

RUN = [Epoch(1, 1.0, 0.9, 0.5), Epoch(2, 0.6, 0.5, 0.8), Epoch(3, 0.4, 0.7, 0.7)]


def test_the_picture_is_made_with_its_folder_and_marks_another_epoch_where_another_was_best(
    tmp_path: Path,
) -> None:
    draw(RUN, "digits/1", tmp_path / "deep" / "a.png")
    later = [*RUN[:2], Epoch(3, 0.4, 0.499, 0.7)]
    draw(later, "digits/1", tmp_path / "b.png")
    first, second = (imread(path)[..., :3] for path in (tmp_path / "deep" / "a.png", tmp_path / "b.png"))
    grey = np.array([0x6E, 0x6E, 0x6E]) / 255
    columns = [
        (np.abs(picture - grey).max(axis=-1) < 0.02).sum(axis=0).argmax() for picture in (first, second)
    ]
    assert columns[0] < columns[1] - 50


def test_a_single_epoch_is_drawn_as_well(tmp_path: Path) -> None:
    draw(RUN[:1], "x", tmp_path / "one.png")
    assert imread(tmp_path / "one.png").shape[0] > 500
