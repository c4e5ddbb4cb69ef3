"""What became of the requests while the load changed: goodput, late, shed and failed ones over time."""

from __future__ import annotations

from collections.abc import Sequence

from loadtests.experiment.measured import Measured
from loadtests.experiment.timeline import Moment
from loadtests.report.pictures.svg import Frame, Picture, Scale, area, axes, box, line, picture, touchable
from loadtests.report.table import number

KINDS = {
    "goodput": "answered as promised and in time",
    "late": "answered beyond the bound",
    "shed": "refused by the service (503)",
    "failed": "any other answer, or none",
}
_FRAME = Frame(640, 280, left=64)


def draw(load: Measured) -> Picture | None:
    """Return the picture of one load; None where the load did not change over time."""
    moments = load.timeline
    if not moments:
        return None
    end = moments[-1].start_s + moments[-1].seconds
    most = max(max(sum(parts_of(one).values()), one.offered_per_s) for one in moments)
    x, y = _FRAME.x(0, end), _FRAME.y(0, most * 1.05 or 1.0)
    parts = [
        axes(
            _FRAME,
            x,
            y,
            ("seconds", "requests/s"),
            (lambda value: f"{value:,g}", lambda value: f"{value:,g}"),
        )
    ]
    floor = [0.0] * len(moments)
    for kind in KINDS:
        ceiling = [low + parts_of(one)[kind] for low, one in zip(floor, moments, strict=True)]
        stairs = _stairs(moments, ceiling, x, y)
        parts.append(area([*stairs, *reversed(_stairs(moments, floor, x, y))], f"t-{kind}"))
        floor = ceiling
    parts.append(line(_stairs(moments, [one.offered_per_s for one in moments], x, y), "offered"))
    parts += [_touch(one, x) for one in moments]
    return picture(_FRAME, f"{load.variant}: requests over time", parts)


def parts_of(moment: Moment) -> dict[str, float]:
    """Return how many requests a second ended in each way."""
    rates = (moment.goodput_per_s, moment.late_per_s, moment.shed_per_s, moment.failed_per_s)
    return dict(zip(KINDS, rates, strict=True))


def _stairs(
    moments: Sequence[Moment], heights: Sequence[float], x: Scale, y: Scale
) -> list[tuple[float, float]]:
    return [
        (x(at), y(height))
        for one, height in zip(moments, heights, strict=True)
        for at in (one.start_s, one.start_s + one.seconds)
    ]


def _touch(moment: Moment, x: Scale) -> str:
    figures = {
        "users": f"{moment.users:,}",
        "offered": f"{moment.offered_per_s:,.0f}/s",
        **{kind: f"{rate:,.0f}/s" for kind, rate in parts_of(moment).items()},
        "p99": f"{number(moment.p99_ms)} ms",
    }
    left, right = x(moment.start_s), x(moment.start_s + moment.seconds)
    reach = box(left, _FRAME.top, (right - left, _FRAME.foot - _FRAME.top), "hit")
    return touchable([reach], f"{moment.start_s:g} to {moment.start_s + moment.seconds:g} s", figures)
