"""The tables and the picture of rising rates say of each rate what became of its rows."""

from __future__ import annotations

from loadtests.judge.document import Document
from loadtests.judge.steps.contrast import contrasts_of, worst_of
from loadtests.report.pictures import effective
from loadtests.report.pictures.sheets import effective_sheet
from loadtests.report.steps_table import rate_lines, worst_lines
from tests.loadtests.judge.steps.test_contrast import scored
from tests.loadtests.results import document, measured


def _document() -> Document:
    loads = [scored("auto", "r", "w", chosen="int8"), scored("float32", "r", "l"), scored("int8", "w", "w")]
    plain = [one.load for one in loads]
    known = document(plain)
    return known.model_copy(update={"steps": contrasts_of(loads, 0.05), "worst": worst_of(plain)})


def test_a_line_of_each_rate_has_what_each_answered_rightly_and_in_time_and_what_was_chosen() -> None:
    first, second = rate_lines(_document(), 2)
    assert first == {
        "load": "10%",
        "rows/s": "80",
        "auto": "100.0%",
        "float32": "100.0%",
        "int8": "50.0%",
        "note": "auto no worse float32; auto: int8 100%",
    }
    assert (second["auto"], second["float32"]) == ("50.0%", "0.0%")


def test_a_line_of_each_variant_has_its_worst_rate() -> None:
    lines = worst_lines(_document())
    assert [(one["variant"], one["missed most"], one["drop, points"]) for one in lines] == [
        ("auto", "0.0%", "50.0"),
        ("float32", "100.0%", "0.0"),
        ("int8", "0.0%", "50.0"),
    ]


def test_the_picture_has_a_line_of_each_variant_and_a_mark_of_each_rate() -> None:
    known = _document()
    picture = effective.draw(known, 2)
    assert picture is not None
    assert picture.inline.count('<polyline class="series') == 3
    assert picture.inline.count('class="touch"') == 6
    assert "chosen: int8 100%" in picture.inline
    sheet = effective_sheet(known)
    assert all(name in sheet for name in ("auto", "float32", "int8"))


def test_other_scenarios_have_none_of_it() -> None:
    plain = document([measured("float32"), measured("int8")])
    assert effective.draw(plain, 1) is None
    assert effective_sheet(plain) == ""
    assert worst_lines(plain) == rate_lines(plain, 1) == []
