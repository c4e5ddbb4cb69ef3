from __future__ import annotations

import re
from itertools import combinations
from math import inf
from xml.etree import ElementTree as ET

import pytest

from evidence.estimate import Estimate
from loadtests.judge.document import Document
from loadtests.report.pictures.boxes import Box
from loadtests.report.pictures.labels import HEIGHT, LETTER
from loadtests.report.pictures.spots import COST, LATENCY, SPEED
from loadtests.report.pictures.tradeoff import draw, draw_all
from tests.loadtests.results import changed, document, measured

WIDTHS = {"w0.25-": 0.77, "w0.5-": 0.89, "": 0.936, "w2-": 0.95}
PRECISIONS = {"float32": 1.0, "int8": 1.04, "weight_int4": 1.02, "dynamic_int8": 1.03}


@pytest.fixture(scope="module")
def crowded() -> Document:
    """A run of sixteen variants: with one row a request HTTP hides what they cost, with 32 it does not."""
    return document(
        [
            measured(f"{width}{precision}", rows, base * speed * rows**0.7, 1000, accuracy, unique=10_000)
            for rows, base in ((1, 6000.0), (32, 9000.0))
            for width, accuracy in WIDTHS.items()
            for precision, speed in PRECISIONS.items()
        ]
    )


def _texts(picture: str, kind: str) -> list[ET.Element]:
    root = ET.fromstring(picture)  # noqa: S314 - it is our own
    return [one for one in root.iter("text") if kind in one.get("class", "").split()]


def _box(label: ET.Element) -> Box:
    """Return the box of a name, from its text, where it stands, and at which end."""
    x, y = (float(label.get(axis, 0)) for axis in "xy")
    width = LETTER * len(label.text or "")
    left = x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[label.get("text-anchor", "")]
    return Box(left, y - HEIGHT + 3.5, left + width, y + 3.5)


@pytest.mark.parametrize("figure", [COST, SPEED, LATENCY], ids=lambda figure: figure.name)
@pytest.mark.parametrize("rows", [1, 32])
def test_all_sixteen_names_are_there_none_on_another_and_none_outside(
    crowded: Document, rows: int, figure: object
) -> None:
    picture = draw(crowded, rows, figure)  # type: ignore[arg-type]
    assert picture is not None
    labels = _texts(picture.inline, "label")
    assert {label.text for label in labels} == set(crowded.variants)
    boxes = [_box(label) for label in labels]
    assert not any(first.overlaps(second) for first, second in combinations(boxes, 2))
    assert all(box.is_within(Box(0, 0, picture.width, picture.height)) for box in boxes)


@pytest.mark.parametrize("figure", [COST, SPEED, LATENCY], ids=lambda figure: figure.name)
def test_all_pictures_of_a_figure_have_the_same_axes(crowded: Document, figure: object) -> None:
    pictures = [picture for _, picture in draw_all(crowded, figure)]  # type: ignore[arg-type]
    ticks = [
        [(one.text, one.get("x"), one.get("y")) for one in _texts(picture.inline, "tick")]
        for picture in pictures
    ]
    assert len(ticks) == 2
    assert ticks[0] == ticks[1]
    assert len(ticks[0]) >= 4


def test_an_interval_has_a_bar_an_open_end_runs_to_the_edge_and_none_at_all_has_no_bar() -> None:
    def across(cost: Estimate) -> list[list[float]]:
        found = draw(document([changed(measured("float32"), cost=cost)]), 1, COST)
        assert found is not None
        lines = re.findall(r'class="bar v0-line" points="([^"]*)"', found.inline)
        ends = [[float(place) for place in re.findall(r"([\d.]+),", line)] for line in lines]
        return [places for places in ends if places[0] != places[1]]

    ((left, right),) = across(Estimate(1000.0, 900.0, 1100.0))
    assert 66 < left < right < 454
    ((left, right),) = across(Estimate(1000.0, 900.0, inf))
    assert 66 < left < right == 454
    assert across(Estimate(1000.0, -inf, inf)) == []
