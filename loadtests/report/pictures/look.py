"""How things look in every picture of a report: the colours by day and by night, and each variant's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from loadtests.experiment.measured import Measured
from loadtests.judge.document import Document

_RULES = Path(__file__).with_name("pictures.css")
_AT_NIGHT = "@media (prefers-color-scheme: dark)"
_DAY, _NIGHT = 0, 1

# By day and by night. `v0` to `v7` are the variants': Okabe and Ito's colours, by day darker where they are
# thin on white. Colour-blind readers tell them apart as well; the markers differ too.
_COLOURS = {
    "page": ("#ffffff", "#0f1419"),
    "ink": ("#1b1f24", "#e6edf3"),
    "soft": ("#59636e", "#a0abb6"),
    "rule": ("#d8dee4", "#323a43"),
    "panel": ("#f6f8fa", "#171d24"),
    "grid": ("#e6eaee", "#262e37"),
    "grey": ("#8b949e", "#7d8790"),
    "good": ("#116329", "#56d364"),
    "bad": ("#b42318", "#ff8f85"),
    "bad-page": ("#fff1ef", "#3a1513"),
    "v0": ("#0072b2", "#4fb0ea"),
    "v1": ("#b87700", "#f0b23c"),
    "v2": ("#008a64", "#33c79d"),
    "v3": ("#c95200", "#ff8d45"),
    "v4": ("#b4568c", "#e8a0c8"),
    "v5": ("#2a8bc0", "#9ad4f7"),
    "v6": ("#1b1f24", "#ffffff"),
    "v7": ("#7b4fb3", "#bfa2ff"),
}
STYLES = 8  # colours, and as many markers


@dataclass(frozen=True)
class Style:
    """How a variant looks, in every picture of a report: the number of its colour and of its marker."""

    colour: int
    marker: int


def style_of(document: Document, variant: str) -> Style:
    """Return the look of a variant. Where the colours begin anew, the markers have moved on by one."""
    place = document.variants.index(variant)
    return Style(place % STYLES, (place + place // STYLES) % STYLES)


def is_grey(document: Document, load: Measured) -> bool:
    """Tell whether a load has lost its colour: dominated by another variant, or void."""
    return bool(load.void) or load.variant in document.verdict.dominated


def style_of_page() -> str:
    """Return the style sheet of pictures within a page, whose own rules may use the colours' names."""
    day, night = (_named(place) for place in (_DAY, _NIGHT))
    return f":root {{ {day} }}\n{_AT_NIGHT} {{ :root {{ {night} }} }}\n{_rules()}"


def style_of_file() -> str:
    """Return the style sheet of a picture that stands alone: every colour is written out.

    Browsers follow the reader's day or night; what knows no variables or media (as most that turn SVG into
    PDF) shows the day.
    """
    return f"{_coloured(_DAY)}{_AT_NIGHT} {{\n{_coloured(_NIGHT)}}}\n"


def _named(place: int) -> str:
    return " ".join(f"--{name}: {both[place]};" for name, both in _COLOURS.items())


def _coloured(place: int) -> str:
    return re.sub(r"var\(--([\w-]+)\)", lambda found: _COLOURS[found[1]][place], _rules())


def _rules() -> str:
    return _RULES.read_text(encoding="utf-8")
