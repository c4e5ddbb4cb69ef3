from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.image import imread

from evidence.estimate import Estimate
from tests.training.search.test_front import candidates
from training.report.front_picture import draw
from training.search.front import Candidate, Demand

CROWD = candidates((0.9, 1.0), (0.95, 3.0), (0.94, 4.0))
ORANGE = np.array([0xE6, 0x9F, 0x00]) / 255


def test_the_star_is_where_the_chosen_one_is(tmp_path: Path) -> None:
    columns = []
    for chosen in CROWD[:2]:
        path = tmp_path / "pictures" / f"{chosen.number}.png"
        draw(CROWD, CROWD[2], chosen, Demand(0.93, 2.0, 100), "a search", path)
        picture = imread(path)
        axes = picture[: int(0.8 * len(picture)), :, :3]  # below is the legend, which has a star too
        orange = np.abs(axes - ORANGE).max(axis=-1) < 0.02
        columns.append(orange.sum(axis=0).argmax())
    assert columns[0] < columns[1]


def test_the_interval_of_a_time_is_drawn_where_it_has_one(tmp_path: Path) -> None:
    grey, inked = np.array([0x9A, 0x9A, 0x9A]) / 255, []
    for row_us in (Estimate.unbounded(2.0), Estimate(2.0, 1.2, 3.4)):
        crowd = [*CROWD, Candidate(3, {}, 0.92, row_us, 1)]
        draw(crowd, CROWD[2], CROWD[0], Demand(0.93, 2.5, 100), "a search", tmp_path / "front.png")
        picture = imread(tmp_path / "front.png")[..., :3]
        inked.append(int((np.abs(picture - grey).max(axis=-1) < 0.02).sum()))
    assert inked[1] > inked[0] + 50
