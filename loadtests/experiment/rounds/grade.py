"""How calm the machine was: from how the turns of a load scattered, and what its core did besides."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import numpy as np

from loadtests.experiment.blocks import Grade, TurnFigures

CALM, UNEASY, ROUGH = "calm", "uneasy", "rough"
_SCATTER = (0.05, 0.15)  # of the turns; more is uneasy, and rough
_AWAY = (0.05, 0.20)  # of the time: the core was with others, or the turn does not count
_NORMAL = 1.4826  # standard deviations in a median absolute deviation


def grade(
    turns: Sequence[TurnFigures],
    *,
    is_scheduled: bool,
    waited: float | None,
    stolen: float | None,
    others: float | None,
) -> Grade:
    """Return the grade of a load from its turns, and from shares of the time: see `Grade`.

    Where the rate is the schedule's, it is the median latency that is looked at.
    """
    void = sum(bool(one.why_void) for one in turns) / len(turns) if turns else 0.0
    scatter = _scatter(turns, "p50_ms" if is_scheduled else "rows_per_s")
    away = max(share for share in (waited, stolen, others, void, 0.0) if share is not None)
    step = max(_step(scatter or 0.0, _SCATTER), _step(away, _AWAY))
    return Grade((CALM, UNEASY, ROUGH)[step], scatter, void, waited, stolen, others)


def _step(share: float, bounds: Sequence[float]) -> int:
    return sum(share > bound for bound in bounds)


def _scatter(turns: Sequence[TurnFigures], figure: str) -> float | None:
    """Return the robust standard deviation of a figure's logarithm about the median of its block."""
    logs: dict[int, list[float]] = {}
    for one in turns:
        value = getattr(one, figure)
        if value and not one.why_void:
            logs.setdefault(one.block, []).append(log(value))
    if all(len(found) < 2 for found in logs.values()):  # one a block: about all of them together
        logs = {0: [value for found in logs.values() for value in found]}
    off = [abs(value - float(np.median(found))) for found in logs.values() for value in found]
    return _NORMAL * float(np.median(off)) if off else None
