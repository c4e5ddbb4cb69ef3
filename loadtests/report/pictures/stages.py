"""Where the time of one request goes: a bar for each load, a piece for each part of the way."""

from __future__ import annotations

from loadtests.experiment.measured import Measured
from loadtests.judge.document import Document
from loadtests.report.pictures.labels import LETTER
from loadtests.report.pictures.svg import Frame, Picture, Point, box, hit, picture, text, touchable
from loadtests.report.table import number

STAGES = {
    "client": "sending and reading in the client",
    "http": "the network, the protocol, the event loop",
    "decode": "decoding the body",
    "wait": "waiting for a runtime",
    "infer": "the model itself",
    "encode": "encoding the answer",
}
_ROW = 34.0
_NAMES_MIN = 108.0
_WIDTH = 640.0
_TOTAL = 66.0
_LEGIBLE = 44.0  # pixels of a piece, below which words in it cannot be read


def stages_of(load: Measured) -> dict[str, float]:
    """Return the milliseconds of each stage, in order; empty where the service does not say."""
    return {name: load.unloaded.stages_ms[name] for name in STAGES if name in load.unloaded.stages_ms}


def draw(document: Document, rows: int) -> Picture | None:
    """Return the bars of the loads with so many rows; None where nothing is known."""
    known = [(load, stages) for load in document.with_rows(rows) if (stages := stages_of(load))]
    if not known:
        return None
    longest = max(sum(stages.values()) for _, stages in known)
    frame = Frame(_WIDTH, _ROW * len(known) + 8)
    names = max(_NAMES_MIN, *(LETTER * len(load.variant) + 16 for load, _ in known))
    scale = (_WIDTH - names - _TOTAL) / longest
    parts = []
    for place, (load, stages) in enumerate(known):
        top = 4 + place * _ROW
        parts.append(text(names - 8, top + 19, load.variant, "name", anchor="end"))
        parts.append(_bar(load, stages, (names, top), scale))
        end = names + scale * sum(stages.values())
        parts.append(text(end + 6, top + 19, f"{number(sum(stages.values()))} ms", "tick"))
    return picture(frame, f"where the time goes in one request of {rows} rows", parts)


def _bar(load: Measured, stages: dict[str, float], start: Point, scale: float) -> str:
    total = sum(stages.values())
    parts = []
    left, top = start
    for name, spent in stages.items():
        width = spent * scale
        pieces = [box(left, top, (width, _ROW - 8), f"s-{name}")]
        if width >= _LEGIBLE:
            pieces.append(text(left + width / 2, top + 17, name, f"inside on-{name}", anchor="middle"))
        figures = {STAGES[name]: f"{number(spent)} ms, {spent / total:.0%}"}
        middle = hit(left + width / 2, top + _ROW / 2 - 4, 8) if width < 8 else ""
        parts.append(touchable(pieces, f"{load.variant}: {name}", figures, middle))
        left += width
    return "".join(parts)
