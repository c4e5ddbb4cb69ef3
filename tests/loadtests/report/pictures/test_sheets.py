from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from loadtests.judge.document import Document
from loadtests.measure.latency import Latency
from loadtests.report.pictures import sheets
from tests.loadtests.results import changed, complete, document, measured

SVG = "{http://www.w3.org/2000/svg}"


def _read(sheet: str) -> ET.Element:
    return ET.fromstring(sheet)  # noqa: S314 - it is our own


def _panels(sheet: str) -> list[str]:
    """Return what each picture on a sheet is called."""
    return [one.get("aria-label", "") for one in _read(sheet).iter(f"{SVG}svg") if one.get("role") == "img"]


@pytest.fixture(scope="module")
def whole() -> Document:
    return document(complete())


def test_each_figure_has_a_line_of_pictures_one_for_each_number_of_rows() -> None:
    loads = [measured(name, rows, 1000.0 * rows) for rows in (1, 8, 32) for name in ("float32", "int8")]
    assert _panels(sheets.tradeoff_sheet(document(loads[:4]))) == [
        f"accuracy against {figure}, {rows} a request"
        for figure in ("rows per core-second", "throughput, rows/s", "p99 latency, ms")
        for rows in ("1 row", "8 rows")
    ]
    assert len(_panels(sheets.tradeoff_sheet(document(loads)))) == 9


def test_a_dominated_variant_loses_its_colour() -> None:
    report = document([measured("float32"), measured("int8")])
    for better, worse, coloured, grey in (("int8", "float32", "v1", "v0"), ("float32", "int8", "v0", "v1")):
        verdict = replace(report.verdict, dominated={worse: better})
        sheet = sheets.tradeoff_sheet(report.model_copy(update={"verdict": verdict}))
        assert sheet.count(f'class="mark {coloured}"') == 3
        assert sheet.count(f'class="mark {grey}"') == 0
        assert sheet.count('class="mark grey"') == 3 + 1  # the legend shows one


def test_a_load_without_answers_is_left_out() -> None:
    both = document([measured("float32"), measured("int8", accuracy=None)])
    alone = document([measured("float32")])
    verdict = replace(alone.verdict, figures=both.verdict.figures)
    assert sheets.tradeoff_sheet(both) == sheets.tradeoff_sheet(alone.model_copy(update={"verdict": verdict}))


def test_the_bar_of_a_p99_whose_end_is_not_known_runs_to_the_end_of_the_axis() -> None:
    known, unknown = (
        sheets.tradeoff_sheet(
            document([changed(measured("float32"), latency=Latency.of(np.full(size, 0.004)))])
        )
        for size in (459, 120)
    )
    right_ends = [
        max(
            float(place)
            for bar in _read(sheet).iter(f"{SVG}polyline")
            if "bar" in bar.get("class", "").split()
            for place in re.findall(r"([\d.]+),", bar.get("points", ""))
        )
        for sheet in (known, unknown)
    ]
    assert right_ends[1] > right_ends[0] + 50


def test_every_picture_is_written_that_there_is_something_to_show_in(tmp_path: Path) -> None:
    assert sheets.draw_all(document([measured("float32", accuracy=None)]), tmp_path) == []
    assert sheets.draw_all(document([measured("float32")]), tmp_path) == ["tradeoff.svg"]
    names = ["tradeoff.svg", "curves.svg", "over_time.svg"]
    assert sheets.draw_all(document(complete()[:2]), tmp_path) == names
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    sheets.draw_all(document([measured("float32")]), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["tradeoff.svg"]


@pytest.mark.parametrize("draw", [sheets.tradeoff_sheet, sheets.curves_sheet, sheets.over_time_sheet])
def test_a_picture_stands_alone_with_a_size_a_name_and_its_own_colours(draw: object, whole: Document) -> None:
    assert callable(draw)
    sheet = draw(whole)
    root = _read(sheet)
    assert root.tag == f"{SVG}svg"
    size = float(root.get("width", 0)), float(root.get("height", 0))
    assert root.get("viewBox") == f"0 0 {size[0]:g} {size[1]:g}"
    assert root.findtext(f"{SVG}title", "").startswith("digits/1: ")
    style = root.findtext(f"{SVG}style", "")
    used = {name for one in root.iter() for name in one.get("class", "").split()}
    assert {name for name in used - {"touch"} if f".{name} " not in style} == set()
    assert not re.search(r"https?:(?!//www\.w3\.org/2000/svg\")|url\(|@import|href", sheet)


@pytest.mark.parametrize("draw", [sheets.tradeoff_sheet, sheets.curves_sheet, sheets.over_time_sheet])
def test_everything_on_a_sheet_lies_within_it_and_no_two_pictures_overlap(
    draw: object, whole: Document
) -> None:
    assert callable(draw)
    root = _read(draw(whole))
    width, height = (float(root.get(name, 0)) for name in ("width", "height"))
    boxes = [
        tuple(float(one.get(name, 0)) for name in ("x", "y", "width", "height"))
        for one in root.findall(f"{SVG}svg")
    ]
    assert len(boxes) == 6 + 6 * (draw is sheets.curves_sheet)
    for place, (x, y, wide, high) in enumerate(boxes):
        assert x >= 0
        assert y >= 0
        assert x + wide <= width
        assert y + high <= height
        for other in boxes[:place]:
            apart_across = other[0] + other[2] <= x or x + wide <= other[0]
            apart_down = other[1] + other[3] <= y or y + high <= other[1]
            assert apart_across or apart_down
    assert max(float(one.get("y", 0)) for one in root.findall(f"{SVG}text")) < height
