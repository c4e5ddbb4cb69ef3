"""What the load tests of several seeds come to together: a curve and the worst of each contender."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from bundle.manifest import CASCADE

REPORT = "report.json"


@dataclass(frozen=True)
class Point:
    """One contender at one rate with one seed."""

    seed: int
    share: float
    """The rate, as a share of what the quickest variant bore then."""
    rows_per_s: float
    right: float
    """Of all rows offered: answered rightly and in time."""
    missed: float
    """Not answered in time."""
    accuracy: float | None
    """Of what was in time."""


@dataclass(frozen=True)
class Curve:
    """All points of one contender."""

    name: str
    chooses: bool
    points: tuple[Point, ...]

    @property
    def shares(self) -> list[float]:
        return sorted({one.share for one in self.points})

    def at(self, share: float) -> list[Point]:
        """Return the points of all seeds at one rate."""
        return [one for one in self.points if one.share == share]

    def right(self, share: float) -> float:
        """Return the effective accuracy at one rate, on the mean of the seeds."""
        return fmean(one.right for one in self.at(share))

    @property
    def missed_most(self) -> float:
        """Return the share of rows not answered in time at the worst rate, on the mean of the seeds."""
        return max(fmean(one.missed for one in self.at(share)) for share in self.shares)

    @property
    def missed(self) -> float:
        return fmean(one.missed for one in self.points)

    def drop(self, most: float) -> float:
        """Return how far the accuracy of what was in time falls at most below `most`."""
        known = [
            fmean(found)
            for share in self.shares
            if (found := [one.accuracy for one in self.at(share) if one.accuracy is not None])
        ]
        return most - min(known, default=0.0)


def is_whole(folder: Path) -> bool:
    """Tell whether there is the report of a load test that was carried through."""
    file = folder / REPORT
    return file.is_file() and json.loads(file.read_text(encoding="utf-8")).get("partial") is None


def read(folders: Sequence[Path]) -> list[Curve]:
    """Read the reports of load tests, one a seed; turns that do not count for one are left out for all."""
    points: dict[str, list[Point]] = {}
    chooses: dict[str, bool] = {}
    for seed, folder in enumerate(folders):
        document = json.loads((folder / REPORT).read_text(encoding="utf-8"))
        void = {step["share"] for load in document["results"] for step in load["steps"] if step["is_void"]}
        for load in document["results"]:
            name = load["variant"]
            for step in load["steps"]:
                chooses[name] = chooses.get(name, False) or bool(step["chosen"])
                if step["share"] not in void:
                    points.setdefault(name, []).append(_point(seed, load, step))
    return [Curve(name, chooses[name], tuple(found)) for name, found in points.items()]


def best_single(curves: Sequence[Curve], share: float) -> Curve | None:
    """Return the single variant with the highest effective accuracy at a rate."""
    singles = [one for one in curves if not one.chooses and one.name != CASCADE and one.at(share)]
    return max(singles, key=lambda one: one.right(share), default=None)


def table(curves: Sequence[Curve]) -> list[str]:
    """Return the contenders as lines of Markdown: by the mean, and by the worst rate as Proteus has it."""
    most = max((one.accuracy or 0.0 for curve in curves for one in curve.points), default=0.0)
    shares = sorted({share for curve in curves for share in curve.shares})
    lines = [
        "| contender | effective | drop, points | missed at most | missed | below the best single by |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for curve in sorted(curves, key=lambda one: -fmean(point.right for point in one.points)):
        behind = {
            share: best.right(share) - curve.right(share)
            for share in shares
            if (best := best_single(curves, share)) and curve.at(share)
        }
        worst = max(behind, key=lambda share: behind[share], default=None)
        told = "-" if worst is None else f"{100 * behind[worst]:+.1f} points at {worst:.0%}"
        lines.append(
            f"| {curve.name} | {fmean(one.right for one in curve.points):.1%} | "
            f"{100 * curve.drop(most):.1f} | {curve.missed_most:.1%} | {curve.missed:.1%} | {told} |"
        )
    return lines


def rates(curves: Sequence[Curve]) -> list[str]:
    """Return the effective accuracy of each contender at each rate, as lines of Markdown."""
    names = [curve.name for curve in curves]
    lines = [f"| load | {' | '.join(names)} |", f"| ---: |{' ---: |' * len(names)}"]
    for share in sorted({share for curve in curves for share in curve.shares}):
        cells = [f"{curve.right(share):.1%}" if curve.at(share) else "-" for curve in curves]
        lines.append(f"| {share:.0%} | {' | '.join(cells)} |")
    return lines


def _point(seed: int, load: dict[str, object], step: dict[str, float]) -> Point:
    right, wrong = step["right"], step["wrong"]
    rows = load["rows_per_request"]
    assert isinstance(rows, int)  # noqa: S101 - by the schema of the report
    return Point(
        seed,
        step["share"],
        step["requests_per_s"] * rows,
        right,
        step["late"] + step["shed"] + step["failed"],
        right / (right + wrong) if right + wrong else None,
    )
