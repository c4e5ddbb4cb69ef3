"""Which points no other point beats."""

from __future__ import annotations

from collections.abc import Sequence


def is_beaten(point: Sequence[float], by: Sequence[float]) -> bool:
    """Tell whether `by` is at least as good in every figure, and better in one. More is better."""
    pairs = list(zip(point, by, strict=True))
    return all(theirs >= ours for ours, theirs in pairs) and any(theirs > ours for ours, theirs in pairs)


def front(points: Sequence[Sequence[float]]) -> list[int]:
    """Return the places of the points that none beats, best in the first figure first. More is better.

    Points that are equal beat each other in nothing, so all of them are on the front.
    """
    unbeaten = [
        place for place, point in enumerate(points) if not any(is_beaten(point, other) for other in points)
    ]
    return sorted(unbeaten, key=lambda place: [-figure for figure in points[place]])
