"""What `run` prints when it is over."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from loadtests.cli import terminal
from loadtests.experiment.measured import Measured, Skipped
from loadtests.judge.document import Document
from tests.loadtests.results import changed, document, measured, stop

NAMES = [
    f"{width}{precision}"
    for width in ("w0.25-", "w0.5-", "", "w2-")
    for precision in ("float32", "int8", "weight_int4", "dynamic_int8")
]


def _shown(report: Document, width: int = 140) -> list[str]:
    """Return the lines that are printed."""
    text = StringIO()
    terminal.show(report, Path("reports/x/report.html"), Console(file=text, width=width, markup=False))
    return text.getvalue().splitlines()


def _loads() -> list[Measured]:
    return [measured("float32", size=4000), measured("int8", rows_per_s=2700.0)]


def test_the_answer_comes_last_then_the_file_to_open_and_what_to_do_next() -> None:
    report = document(_loads())
    lines = _shown(report)
    empty = max(place for place, line in enumerate(lines) if not line.strip())
    answer = " ".join(line.strip() for line in lines[empty + 1 : -3])
    assert answer == report.verdict.sentences[0].replace("`", "")
    assert lines[-3] == "report: reports/x/report.html"
    assert lines[-2].startswith("serve it: python -m service --models ")
    assert lines[-1].startswith("ask it: curl 'http://localhost:8000/predict?model=digits&variant=int8'")


def test_sixteen_variants_with_two_numbers_of_rows_fit_into_140_columns() -> None:
    loads = [measured(name, rows, 1234567.0, 12345678) for rows in (1, 32) for name in NAMES]
    lines = _shown(document(loads))
    assert max(map(len, lines)) <= 140
    assert "…" not in "".join(lines)
    head = next(line for line in lines if line.split()[:2] == ["variant", "rows"])
    for title in (
        "rows/core-s",
        "/core-s x",
        "rows/s",
        "p99 ms",
        "points",
        "grade",
        "note",
    ):
        assert title in head
    for begin in ([name, rows] for name in NAMES for rows in ("1", "32")):
        assert sum(line.split()[:2] == begin for line in lines) == 1


def test_a_narrow_terminal_keeps_what_the_choice_is_about() -> None:
    head = next(line for line in _shown(document(_loads()), 80) if line.split()[:1] == ["variant"])
    assert "/core-s x" in head
    assert "points" in head


@pytest.mark.parametrize(
    ("scenario", "kept"),
    [
        ("users", ["rows/core-s", "/core-s x", "rows/s", "points", "p99 ms"]),
        ("single_stream", ["p50 ms", "p50 x", "points", "p99 ms", "grade"]),
        ("server", ["goodput/s", "goodput x", "p99 ms", "points"]),
        ("rise", ["goodput/s", "goodput x", "points"]),
    ],
)
def test_what_decided_is_shown_however_narrow_the_terminal_is(scenario: str, kept: list[str]) -> None:
    loads = [
        measured(name, rows, rate * rows, 35_000, scenario=scenario)
        for rows in (1, 32)
        for name, rate in (("float32", 4000.0), ("w2-int8", 6000.0))
    ]
    for width in (80, 140):
        lines = _shown(document(loads), width)
        table = lines[: next(place for place, line in enumerate(lines) if line.startswith("- "))]
        head = next(line for line in table if line.split()[:1] == ["variant"])
        assert [title for title in kept if title not in head] == []
        assert max(map(len, table)) <= width
        assert "…" not in "".join(table)


def test_in_a_narrow_terminal_notes_stand_under_the_table_a_line_for_each_load() -> None:
    loads = [changed(one, answers_per_user=2.0) for one in _loads()]
    lines = [line.rstrip() for line in _shown(document(loads), 80)]
    for name in ("float32", "int8"):
        (note,) = (line for line in lines if line.startswith(f"{name} with 1 row a request: "))
        assert "a user got under ten answers in a turn (2.0)" in note
        assert sum(line.split()[:2] == [name, "1"] for line in lines) == 1


def test_what_the_table_says_is_not_said_again_below_it() -> None:
    report = document([*_loads(), measured("int16x8", rows_per_s=50.0, accuracy=0.9)])
    text = " ".join(_shown(report))
    assert any("is less accurate than" in sentence for sentence in report.verdict.sentences)
    assert "is less accurate than" not in text
    assert "less accurate" in text


def test_notes_come_between_the_table_and_the_answer() -> None:
    report = document(_loads()).model_copy(
        update={"partial": "It was cut.", "skipped": [Skipped("x", "no library", failed=False)]}
    )
    lines = _shown(report)
    places = [
        next(place for place, line in enumerate(lines) if line.startswith(begin))
        for begin in (
            *(" int8", "PARTIAL: It was cut.", "not measured: x: no library", "- "),
            *("Ship int8", "report: ", "measure again: "),
        )
    ]
    assert places == sorted(places)


def test_without_processor_time_throughput_stands_in_the_table() -> None:
    loads = [changed(one, cost=None, blocks=one.blocks[:1]) for one in _loads()]
    report = document([changed(one, blocks=[]) for one in loads])
    text = "\n".join(_shown(report))
    assert "rows/core-s" not in text.split("note")[0]
    assert "/s x" in text


@pytest.mark.parametrize("is_decided", [True, False])
def test_a_larger_budget_is_proposed_where_something_is_left_open(is_decided: bool) -> None:
    report = document(_loads()).model_copy(update={"stop": stop(is_decided=is_decided)})
    assert ("to tell more apart: " in "\n".join(_shown(report))) is not is_decided
