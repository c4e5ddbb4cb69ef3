from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.image import imread

from loadtests.report.pictures import sheets
from tests.loadtests.results import complete, document, result

BLUE = (0x00 / 255, 0x72 / 255, 0xB2 / 255)  # of the first variant


def _blue(picture: npt.NDArray[np.float64]) -> int:
    return int((abs(picture[..., :3] - BLUE).max(axis=-1) < 0.02).sum())


def test_each_number_of_rows_adds_a_column_to_the_picture(tmp_path: Path) -> None:
    results = [result(name, rows, 1000.0 * rows) for rows in (1, 8, 32) for name in ("float32", "int8")]
    sheets.tradeoff(document(results[:4]), tmp_path / "two.png")
    sheets.tradeoff(document(results), tmp_path / "three.png")
    two, three = imread(tmp_path / "two.png"), imread(tmp_path / "three.png")
    assert three.shape[1] > two.shape[1]
    assert three.shape[0] == two.shape[0]


def test_a_dominated_variant_loses_its_colour(tmp_path: Path) -> None:
    sheets.tradeoff(document([result("float32"), result("int8", size=2000)]), tmp_path / "plain.png")
    sheets.tradeoff(document([result("float32", size=2000), result("int8")]), tmp_path / "grey.png")
    assert _blue(imread(tmp_path / "plain.png")) > 50
    assert _blue(imread(tmp_path / "grey.png")) == 0


def test_a_result_without_answers_is_left_out(tmp_path: Path) -> None:
    sheets.tradeoff(document([result("float32"), result("int8", accuracy=None)]), tmp_path / "with.png")
    sheets.tradeoff(document([result("float32")]), tmp_path / "without.png")
    assert (imread(tmp_path / "with.png") == imread(tmp_path / "without.png")).all()


def test_every_picture_is_drawn_that_there_is_something_to_show_in(tmp_path: Path) -> None:
    assert sheets.draw_all(document([result("float32", accuracy=None)]), tmp_path) == []
    assert sheets.draw_all(document([result("float32")]), tmp_path) == ["tradeoff.png"]
    assert sheets.draw_all(document(complete()[:2]), tmp_path) == [
        "tradeoff.png",
        "curves.png",
        "over_time.png",
    ]
    assert all(imread(tmp_path / name).std() > 0.01 for name in ("curves.png", "over_time.png"))
