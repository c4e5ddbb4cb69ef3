"""A variant's curve: the rate that is offered against p50, p99 and effective accuracy, its knee marked."""

from __future__ import annotations

from collections.abc import Callable

from loadtests.experiment.measured import Measured, rate_in_words
from loadtests.experiment.peak.trial import Curve, Trial
from loadtests.judge.document import Document
from loadtests.report.pictures.look import Style, style_of
from loadtests.report.pictures.svg import (
    Frame,
    Picture,
    Scale,
    axes,
    hit,
    line,
    marker,
    picture,
    text,
    touchable,
)
from loadtests.report.table import number

_LATENCY = Frame(470, 290, right=20, bottom=40)
_ACCURACY = Frame(470, 150, right=20, bottom=44)


def draw(document: Document, load: Measured) -> list[Picture]:
    """Return the curve of one load as pictures, one to stand below the other; none where it has no curve."""
    curve = load.curve
    known = [trial for trial in curve.points if trial.p99_ms and trial.p50_ms] if curve else []
    if curve is None or not known:
        return []
    rates = [trial.rate for trial in known]
    x = _LATENCY.x(0, max(rates) * 1.06)
    times = [time for trial in known for time in (trial.p50_ms, trial.p99_ms) if time]
    y = _LATENCY.log_y([*times, curve.bound_ms])
    style, effective = style_of(document, load.variant), f"effective {document.yardstick.word}"
    parts = [
        axes(_LATENCY, x, y, ("", "latency, ms (log scale)"), (_thousands, lambda value: f"{value:,g}")),
        _bound(curve, y),
        _knee(curve, x),
        _series(known, x, y, lambda trial: trial.p50_ms, f"series dashed v{style.colour}-line"),
        _series(known, x, y, lambda trial: trial.p99_ms, f"series v{style.colour}-line"),
        *(_point(trial, x, y, style, effective) for trial in known),
    ]
    return [
        picture(_LATENCY, f"{load.variant}: latency against the rate", parts),
        *_accuracy(known, x, style, effective),
    ]


def knee_of(curve: Curve) -> Trial | None:
    """Return the point beyond which latency climbs faster than throughput, where one was seen."""
    return None if curve.knee is None else curve.points[curve.knee]


def _accuracy(known: list[Trial], x: Scale, style: Style, name: str) -> list[Picture]:
    shares = [trial.effective_accuracy for trial in known if trial.effective_accuracy is not None]
    if not shares:
        return []
    y = _ACCURACY.y(max(0.0, min(shares) - 0.02), min(1.0, max(shares) + 0.02))
    parts = [
        axes(
            _ACCURACY,
            x,
            y,
            ("offered, requests/s", f"{name[:13]}."),
            (_thousands, lambda value: f"{100 * value:.3g}%"),
        ),
        _series(known, x, y, lambda trial: trial.effective_accuracy, f"series v{style.colour}-line"),
    ]
    return [picture(_ACCURACY, f"{name} against the rate", parts)]


def _series(
    known: list[Trial], x: Scale, y: Scale, figure: Callable[[Trial], float | None], kind: str
) -> str:
    return line([(x(trial.rate), y(value)) for trial in known if (value := figure(trial)) is not None], kind)


def _point(trial: Trial, x: Scale, y: Scale, style: Style, name: str) -> str:
    at = x(trial.rate), y(trial.p99_ms or y.high)
    effective = trial.effective_accuracy
    figures = {
        "answered": f"{rate_in_words(trial.requests_per_s)}/s",
        "p50": f"{number(trial.p50_ms)} ms",
        "p99": f"{number(trial.p99_ms)} ms",
        "late": f"{trial.late:,} of {trial.requests:,}",
        name: "-" if effective is None else f"{effective:.4f}",
        "bound": "void: the generator did not keep the schedule"
        if trial.is_void
        else "holds, proven at 99%"
        if trial.holds
        else "not proven to hold",
    }
    kind = "hollow" if trial.is_void or not trial.holds else f"mark v{style.colour}"
    return touchable(
        [marker(*at, style.marker, kind, 4.5)],
        f"offered {rate_in_words(trial.rate)} requests/s",
        figures,
        hit(*at, 11),
    )


def _bound(curve: Curve, y: Scale) -> str:
    left, right = _LATENCY.ends
    height = y(curve.bound_ms)
    return line([(left, height), (right, height)], "bound") + text(
        left + 5, height - 4, f"bound of p99: {curve.bound_ms:g} ms", "tick"
    )


def _knee(curve: Curve, x: Scale) -> str:
    knee = knee_of(curve)
    if knee is None:
        return ""
    place = x(knee.rate)
    side = "end" if place > _LATENCY.width / 2 else "start"
    return line([(place, _LATENCY.top), (place, _LATENCY.foot)], "knee") + text(
        place + (-5 if side == "end" else 5),
        _LATENCY.top + 10,
        f"knee: {rate_in_words(knee.rate)}/s",
        "label",
        anchor=side,
    )


def _thousands(value: float) -> str:
    return f"{value / 1000:,g}k" if value >= 1000 else f"{value:,g}"
