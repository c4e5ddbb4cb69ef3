"""When a trial is not worth its time. Optuna's own pruners know only searches of one objective."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

_PEERS_MIN = 4  # before so many trials went to their end, nobody knows what is usual
_ERRORS_MAX = 3.0  # times the usual share of errors
_TIME_SLACK = 1.2  # timed again, a graph may be so much faster


def is_hopeless(passed: Sequence[float], earlier: Sequence[Sequence[float]], floor: float) -> bool:
    """Tell whether a trial errs so much more than others did after as many epochs that it should stop.

    `passed` is its validation accuracy after each epoch so far, `earlier` that of the trials that went to
    their end. It is hopeless where its best errs over three times as often as the median of their bests,
    and is below the `floor` that is demanded. So little is cut early on, when all err much, and more later.
    """
    best = max(passed)
    if len(earlier) < _PEERS_MIN or best >= floor:
        return False
    usual = median(max(one[: len(passed)]) for one in earlier)
    return 1 - best > _ERRORS_MAX * (1 - usual)


def is_too_slow(row_us: float, limit_us: float, fastest_us: float) -> bool:
    """Tell whether an untrained graph is so slow that training it would be in vain.

    Where even the fastest that was trained, at `fastest_us`, is beyond the limit, that one is the measure:
    the limit may be out of reach for all, and the nearest is still to be found.
    """
    return row_us > _TIME_SLACK * max(limit_us, fastest_us)
