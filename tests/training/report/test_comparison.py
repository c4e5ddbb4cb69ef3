from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from rich.console import Console

from evidence.cascades import Cascade
from evidence.estimate import Estimate
from evidence.paired import Truth, Yardstick
from tests.training.evaluations import evaluation
from training.evaluation.evaluate import Evaluation
from training.evaluation.verdicts import verdicts
from training.report.comparison import comparison_cells, comparison_table
from training.report.confusion_picture import draw_confusion
from training.report.figures import figures, write

LABELS = ("cat", "dog", "owl")
Y = [0] * 100 + [1] * 100 + [2] * 100
FLOAT32 = [0] * 100 + [1] * 95 + [0] * 5 + [2] * 100
INT8 = [0] * 60 + [1] * 40 + [1] * 97 + [0] * 3 + [2] * 100


def run() -> list[Evaluation]:
    return [
        evaluation(name, labels, FLOAT32, Y, 3) for name, labels in (("float32", FLOAT32), ("int8", INT8))
    ]


@pytest.mark.parametrize("truth", ["labels", "reference"])
def test_the_words_are_those_of_the_reference_and_of_what_is_right(truth: Truth) -> None:
    given = Yardstick("given", truth)
    rungs = [evaluation(name, FLOAT32, FLOAT32, FLOAT32, 3, given) for name in ("given", "int8")]
    console = Console(width=220)
    with console.capture() as captured:
        console.print(comparison_table(rungs, LABELS, 0.01))
    text = captured.get()
    assert "compared with given on the same 300 rows" in text
    assert ("Lost and gained: rows that given alone, and" in text) is given.is_labelled
    assert ("Lost: rows that the variant answers otherwise than given;" in text) is not given.is_labelled
    found = figures(rungs, LABELS, 0.01)
    assert (found["reference"], found["truth"]) == ("given", truth)
    assert ["against_reference" in one for one in found["variants"]] == [False, True]


def test_a_row_says_what_was_lost_and_gained_and_whether_that_is_acceptable() -> None:
    float32, int8 = (comparison_cells(one, LABELS, verdicts(run(), 0.01).get(one.variant)) for one in run())
    assert float32[:5] == ["float32", "", "", "", "the reference"]
    assert int8[1].startswith("-0.1267 [-0.1")
    assert int8[2] == "40 / 2"
    assert int8[4] == "worse"
    assert int8[7] == "cat -0.400*"


def test_a_class_that_fell_by_chance_has_no_star_and_none_is_named_where_none_fell() -> None:
    one_lost = [1, *FLOAT32[1:]]
    for predicted, said in ((one_lost, "cat -0.010"), (FLOAT32, "none fell")):
        int8 = evaluation("int8", predicted, FLOAT32, Y, 3)
        assert comparison_cells(int8, LABELS, verdicts([int8], 0.01)["int8"])[7] == said


def test_the_table_fits_a_log_of_160_columns() -> None:
    console = Console(width=160)
    with console.capture() as captured:
        console.print(comparison_table(run(), LABELS, 0.005))
    lines = [line for line in captured.get().splitlines() if line.startswith("│")]
    assert [line.split()[1] for line in lines] == ["float32", "int8"]
    assert "-0.1267 [" in lines[1]


def test_figures_are_exact_and_plain_json(tmp_path: Path) -> None:
    write(tmp_path / "figures.json", figures(run(), LABELS, 0.01))
    content = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert (content["rows"], content["margin"], content["labels"]) == (300, 0.01, list(LABELS))
    float32, int8 = content["variants"]
    assert "against_reference" not in float32
    assert float32["confusion"] == [[100, 0, 0], [5, 95, 0], [0, 0, 100]]
    against = int8["against_reference"]
    assert (against["lost"], against["gained"], against["verdict"]) == (40, 2, "worse")
    assert against["difference"] == -38 / 300
    assert against["interval"][0] < -38 / 300 < against["interval"][1] < 0
    assert against["mcnemar_p"] < 1e-8
    assert against["worst_class"] == "cat"
    assert [one["label"] for one in against["classes"]] == list(LABELS)
    assert int8["calibration"]["error"] > float32["calibration"]["error"]


def test_a_cascade_has_figures_of_its_own_and_is_no_variant() -> None:
    rule = Cascade("small", "int8", 0.5, Estimate(0.2, 0.17, 0.24))
    float32, int8 = run()
    both = replace(int8, variant="cascade", cascade=rule, escalated=0.21)
    content = figures([float32, int8, both], LABELS, 0.01)
    assert [one["variant"] for one in content["variants"]] == ["float32", "int8"]
    cascade = content["cascade"]
    assert (cascade["first"], cascade["second"], cascade["threshold"]) == ("small", "int8", 0.5)
    assert (cascade["escalated"], cascade["escalated_when_chosen"]) == (0.21, 0.2)
    assert cascade["against_reference"]["verdict"] == "worse"
    assert figures(run(), LABELS, 0.01)["cascade"] is None
    for rows, said in ((run(), "(Holm). Rows"), ([float32, int8, both], "(Holm), a cascade by itself. Rows")):
        assert said in " ".join(str(comparison_table(rows, LABELS, 0.01).caption).split())


def test_the_picture_has_a_panel_a_variant_and_survives_many_classes(tmp_path: Path) -> None:
    draw_confusion(run(), LABELS, "animals", tmp_path / "few.png")
    labels = list(np.random.default_rng(0).integers(30, size=100))
    many = [evaluation("float32", labels, labels, labels, 30)]
    draw_confusion(
        many * 2, [f"a label of some length {index}" for index in range(30)], "many", tmp_path / "many.png"
    )
    for name in ("few.png", "many.png"):
        picture = imread(tmp_path / name)
        assert min(picture.shape[:2]) > 300
        assert picture[..., :3].std() > 0.05  # something is drawn on it
