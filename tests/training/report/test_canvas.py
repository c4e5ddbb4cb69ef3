from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.image import imread

from tests.training.evaluations import evaluation, scored
from training.models.fit import Epoch
from training.report import confusion_picture, history_picture, ladder_picture
from training.report.canvas import legible

Y = [0, 1, 2, 3] * 5
# What is half a formula, a whole one, and one that cannot be; scripts that few fonts have; what is no letter.
LABELS = [
    ("$5", "$5 to $10", r"$\frac{1}{0$", r"$\nosuch$"),
    ("日本", "ไทย", "हिन्दी", "👍"),
    ("a\nb", "\ud800", "\0", ""),
    ("%s", "{x}", r"\alpha", "_a^b"),
]


@pytest.mark.parametrize("labels", LABELS)
def test_any_label_can_be_drawn_without_a_warning(labels: tuple[str, ...], tmp_path: Path) -> None:
    rows = [evaluation(name, Y, Y, Y, 4) for name in ("float32", "int8")]
    confusion_picture.draw_confusion(rows, labels, "$1 $2", tmp_path / "confusion.png")
    assert imread(tmp_path / "confusion.png").shape[0] > 300


def test_titles_are_no_formulas(tmp_path: Path) -> None:
    ladder_picture.draw([scored("float32")], r"$\nosuch$", tmp_path / "ladder.png")
    history_picture.draw([Epoch(1, 1.0, 0.9, 0.5)], r"$\nosuch$", tmp_path / "history.png")
    assert {path.name for path in tmp_path.iterdir()} == {"ladder.png", "history.png"}


def test_a_name_that_no_font_can_write_is_shown_by_its_number() -> None:
    assert legible(["cat", "\U0010ffff", "Straße"]) == ["cat", "#1", "Straße"]
