from __future__ import annotations

import os
import pty
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.table import Table

from evidence.cascades import Cascade
from evidence.estimate import Estimate
from evidence.paired import Yardstick
from tests.training.evaluations import evaluation
from training.report.comparison import SPARE, comparison_table
from training.report.tables import print_table, show

Y = [0] * 60 + [1] * 40
NAMES = ("float32", "dynamic_int8", "w0.25-dynamic_int8")


def widest(text: str) -> int:
    return max(map(len, text.splitlines()))


Terminal = Callable[[int], None]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Has stdout be taken for a terminal of so many columns that can do nothing but show letters."""

    def of(columns: int) -> None:
        told = {"COLUMNS": str(columns), "LINES": "25", "TERM": "dumb", "FORCE_COLOR": "1"}
        for name, value in told.items():
            monkeypatch.setenv(name, value)

    return of


def test_without_labels_the_table_says_agreement_once_and_that_accuracy_is_unknown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = Yardstick("given", "reference")
    rows = [evaluation(name, Y, Y, Y, yardstick=given) for name in ("given", "int8")]
    print_table("models/x/1: 100 rows", rows, ("a", "b"), {}, "A note.")
    shown = capsys.readouterr().out
    assert "100 rows; always answering 'a' agrees with given in 0.6000" in shown
    assert "agreement with given [95% interval]" in shown
    assert "The data had no labels: accuracy is unknown; what is shown is agreement with `given`." in shown
    assert shown.count("agreement") == 2
    assert shown.count("accuracy") == 1


def test_of_a_cascade_it_is_said_who_answers_and_how_often_the_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rule = Cascade("w0.25-int8", "int8", 0.54296875, Estimate(0.2, 0.17, 0.24))
    both = replace(evaluation("cascade", Y, Y, Y), cascade=rule, escalated=0.213)
    print_table("models/x/1: 100 rows", [evaluation("float32", Y, Y, Y), both], ("a", "b"), {}, "A note.")
    assert (
        "cascade: w0.25-int8 answers, and int8 in its place the 21.3% of rows of which it is less than 0.543 "
        "sure (20.0% when chosen; 17.0% to 24.0% is no surprise). Its times are the first one's, and of that "
        "share the second's."
    ) in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("room", [80, 100, 120])
def test_a_narrow_terminal_shows_the_columns_that_matter_whole_and_names_the_others(
    room: int, terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal(room)
    rows = [evaluation(name, Y, Y, Y) for name in NAMES]
    print_table("models/x/1: 100 rows", rows, ("a", "b"), {}, "A note.")
    shown = capsys.readouterr().out
    assert widest(shown) <= room
    assert shown.count("1.0000 [0.963, 1.000]") == 3
    assert shown.count("1.0 (1.0 to 1.0) │") == 3  # times are whole
    assert "…" not in shown
    assert "Not shown, for want of columns" in shown
    assert "precision" in " ".join(shown.split("Not shown")[1].split())


def test_the_comparison_keeps_the_difference_and_the_verdict(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal(80)
    worse = [1] * 5 + [0] * 55 + [1] * 40
    rows = [evaluation("float32", Y, Y, Y), evaluation(NAMES[2], worse, Y, Y)]
    show(comparison_table(rows, ("a", "b"), 0.005), SPARE)
    shown = capsys.readouterr().out
    assert widest(shown) <= 80
    assert "-0.0500 [-0.1" in shown
    assert "not enough rows" in shown or "worse" in shown
    assert "…" not in shown


def test_a_pipe_has_every_column(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("x", [evaluation("float32", Y, Y, Y)], ("a", "b"), {}, "A note.")
    shown = capsys.readouterr().out
    for word in ("precision", "recall", "F1", "log-loss", "agreement", "bytes", "µs/row, batch 32"):
        assert word in shown
    assert "always answering 'a' is right in 0.6000" in shown


def test_what_learned_nothing_is_told_below_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("x", [evaluation("float32", [0] * 100, [0] * 100, Y)], ("a", "b"), {}, "A note.")
    assert "Nothing was learned" in capsys.readouterr().out.splitlines()[-1]


def test_a_bare_terminal_that_knows_no_width_has_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    for name in ("COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        print_table("x", [evaluation(name, Y, Y, Y) for name in NAMES], ("a", "b"), {}, "A note.")
    shown = b""
    while True:
        try:
            shown += os.read(ours, 65536)
        except OSError:  # Linux's way to say that nobody writes any more
            break
    os.close(ours)
    text = shown.decode().replace("\r", "")
    assert widest(text) <= 80
    assert text.count("1.0 (1.0 to 1.0) │") == 3


def test_a_column_that_nothing_can_spare_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("name", "value")
    table.add_row("a", "1")
    show(table, ("other",))
    assert "value" in capsys.readouterr().out
