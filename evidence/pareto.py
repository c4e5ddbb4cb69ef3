"""Which of several things nobody needs, as another is as good in every figure and better in one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evidence.estimate import Sign


def sign(ours: float, theirs: float, *, tolerance: float = 1.0) -> Sign:
    """Return 1 where ours is more, -1 where it is less, and 0 where it is less than `tolerance` times either.

    `tolerance`, at least 1, is the ratio up to which two figures are not told apart; beyond 1, it is for
    figures above 0.
    """
    return 1 if ours > theirs * tolerance else -1 if theirs > ours * tolerance else 0


def dominates(signs: Iterable[Sign]) -> bool:
    """Tell from each figure of two things (1 where the first is better, 0 where they are not told apart).

    The first dominates the second where it is as good in every figure, and better in one (Pareto's rule).
    """
    known = list(signs)
    return min(known, default=0) >= 0 and 1 in known


def beats(ours: Sequence[float], theirs: Sequence[float]) -> bool:
    """Tell whether `ours` is at least as good in every figure, and better in one. More is better."""
    return dominates(sign(one, other) for one, other in zip(ours, theirs, strict=True))


def front(points: Sequence[Sequence[float]]) -> list[int]:
    """Return the places of the points that none beats, best in the first figure first. More is better.

    Of points that are equal, the first stands for all.
    """
    distinct = {tuple(point): place for place, point in reversed(list(enumerate(points)))}
    unbeaten = [point for point in distinct if not any(beats(other, point) for other in distinct)]
    return [distinct[point] for point in sorted(unbeaten, reverse=True)]
