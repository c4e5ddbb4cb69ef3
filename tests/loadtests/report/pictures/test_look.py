from __future__ import annotations

import re

from loadtests.report.pictures.look import style_of, style_of_file, style_of_page
from tests.loadtests.results import document, measured


def test_no_two_of_many_variants_look_alike() -> None:
    report = document([measured("float32"), *(measured(f"w{width}-int8") for width in range(40))])
    assert len({style_of(report, name) for name in report.variants}) == 41


def test_every_colour_that_a_rule_names_has_a_value_by_day_and_by_night() -> None:
    day, night = re.findall(r":root \{(.*?)\}", style_of_page())
    named = set(re.findall(r"var\((--[\w-]+)\)", style_of_page()))
    assert named
    for colours in (day, night):
        assert named <= set(re.findall(r"(--[\w-]+): #[0-9a-f]{6};", colours))


def test_a_picture_that_stands_alone_knows_its_colours_without_variables() -> None:
    day, night = style_of_file().split("@media (prefers-color-scheme: dark)")
    assert "var(" not in day + night
    assert ".v0 { fill: #0072b2; }" in day
    assert ".v0 { fill: #4fb0ea; }" in night
