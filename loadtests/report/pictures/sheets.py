"""The pictures beside a report, as files: what the page shows of one kind, on one sheet that stands alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import wrap

from loadtests.experiment.measured import rows_in_words
from loadtests.judge.document import Document
from loadtests.report.pictures import curves, effective, spots, timeline, tradeoff
from loadtests.report.pictures.look import style_of, style_of_file
from loadtests.report.pictures.svg import Picture, line, marker, text

_EDGE = 20.0
_GAP = 24.0  # between two panels side by side
_TITLE = 40.0
_CAPTION = 26.0
_BELOW = 12.0  # between two lines of panels
_LEGEND_LINE = 20.0
_ICON = 36.0
_LETTER = 6.4  # pixels of a letter of the legend, rather too many than too few
_INTERVALS = (
    "95% intervals: {} over the test rows, rows per core-second and throughput over the blocks, "
    "a peak over its searches, p99 over the samples, at 98%"
)


@dataclass(frozen=True)
class Panel:
    """Pictures below one another, and the words above them."""

    caption: str
    pictures: Sequence[Picture]

    @property
    def width(self) -> float:
        return max(one.width for one in self.pictures)

    @property
    def height(self) -> float:
        return _CAPTION + sum(one.height for one in self.pictures)

    def at(self, x: float, y: float) -> str:
        """Return the panel with its left upper corner at a place."""
        parts = [text(x, y + 16, self.caption, "caption")]
        down = y + _CAPTION
        for one in self.pictures:
            parts.append(one.at(x, down))
            down += one.height
        return "".join(parts)


def draw_all(document: Document, folder: Path) -> list[str]:
    """Write every picture that there is something to show in; return their names, the trade-off first."""
    drawn = {
        "tradeoff.svg": tradeoff_sheet(document),
        "curves.svg": curves_sheet(document),
        "effective.svg": effective_sheet(document),
        "over_time.svg": over_time_sheet(document),
    }
    known = {name: sheet for name, sheet in drawn.items() if sheet}
    for name in drawn:
        (folder / name).unlink(missing_ok=True)  # of a run before this one
    for name, sheet in known.items():
        (folder / name).write_text(sheet, encoding="utf-8")
    return list(known)


def tradeoff_sheet(document: Document) -> str:
    """Draw accuracy against each figure: its pictures side by side, one for each number of rows a request."""
    lines = []
    for figure in spots.figures(document):
        panels = [
            Panel(f"{figure.name}, {rows_in_words(rows)} a request", [one])
            for rows, one in tradeoff.draw_all(document, figure)
        ]
        lines += _in_twos(panels)
    legend = [
        (line([(0, 0), (26, 0)], "front"), "Pareto front"),
        (marker(13, 0, 0, "mark grey", 5), f"dominated by another {document.noun}, or void"),
        (
            line([(0, 0), (26, 0)], "bar grey-line"),
            _INTERVALS.format(document.yardstick.word),
        ),
    ]
    return _sheet(document.title, lines, legend)


def curves_sheet(document: Document) -> str:
    """Draw p50, p99 and effective accuracy against the rate, the knee marked, two loads side by side."""
    panels = [Panel(load.name, found) for load in document.results if (found := curves.draw(document, load))]
    legend = [
        (line([(0, 0), (26, 0)], "series ink"), "p99"),
        (line([(0, 0), (26, 0)], "series dashed ink"), "p50"),
        (marker(13, 0, 0, "hollow", 4.5), "not proven to hold the bound"),
    ]
    title = f"{document.source}: how much each {document.noun} can take"
    return _sheet(title, _in_twos(panels), legend)


def effective_sheet(document: Document) -> str:
    """Draw effective accuracy against the rate, all variants in one picture for each number of rows."""
    panels = [
        Panel(f"{rows_in_words(rows)} a request", [found])
        for rows in document.rows
        if (found := effective.draw(document, rows))
    ]
    legend = []
    for name in document.variants:
        style = style_of(document, name)
        icon = line([(0, 0), (26, 0)], f"series v{style.colour}-line")
        legend.append((icon + marker(13, 0, style.marker, f"mark v{style.colour}", 4.5), name))
    return _sheet(f"{document.source}: {document.scenario}", _in_twos(panels), legend)


def over_time_sheet(document: Document) -> str:
    """Draw goodput, late, shed and failed requests over time, a line for each load."""
    lines = [[Panel(load.name, [found])] for load in document.results if (found := timeline.draw(load))]
    legend = [
        *((marker(13, 0, 1, f"t-{kind}", 7), f"{kind}: {means}") for kind, means in timeline.KINDS.items()),
        (line([(0, 0), (26, 0)], "offered"), "offered: sent"),
    ]
    title = f"{document.source}: {document.scenario}"
    return _sheet(title, lines, legend)


def _in_twos(panels: Sequence[Panel]) -> list[Sequence[Panel]]:
    return [panels[place : place + 2] for place in range(0, len(panels), 2)]


def _sheet(title: str, lines: Sequence[Sequence[Panel]], legend: Iterable[tuple[str, str]]) -> str:
    """Return lines of panels with a title above and a legend below; empty where there is no panel."""
    if not lines:
        return ""
    parts = [text(_EDGE, 27, title, "title")]
    down, wide = _TITLE, 0.0
    for panels in lines:
        across = _EDGE
        for panel in panels:
            parts.append(panel.at(across, down))
            across += panel.width + _GAP
        wide = max(wide, across - _GAP + _EDGE)
        down += max(panel.height for panel in panels) + _BELOW
    for icon, words in legend:
        parts.append(f'<g transform="translate({_EDGE:g} {down + _LEGEND_LINE - 4:g})">{icon}</g>')
        for some in wrap(words, int((wide - 2 * _EDGE - _ICON) / _LETTER)):
            down += _LEGEND_LINE
            parts.append(text(_EDGE + _ICON, down, some, "tick"))
    return _file(title, wide, down + _EDGE, "".join(parts))


def _file(title: str, width: float, height: float, strokes: str) -> str:
    head = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {head}>\n<title>{escape(title)}</title>\n'
        f"<style>\n{style_of_file()}</style>\n"
        f'<rect class="paper" width="100%" height="100%"/>\n{strokes}\n</svg>\n'
    )
