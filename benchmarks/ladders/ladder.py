"""A ladder as it was made: the figures that the program wrote, beside what its manifest says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bundle.manifest import Manifest, VariantSpec
from evidence.estimate import Estimate
from evidence.paired import Verdict, Yardstick


@dataclass(frozen=True)
class Rung:
    """A variant. The reference has no difference from itself, and no verdict."""

    name: str
    precision: str
    network: str | None
    bytes: int
    score: Estimate
    """The share of test rows that are right."""
    row_us: Mapping[int, Estimate]
    """Time of a row by batch size; empty where it was not timed."""
    difference: Estimate | None = None
    verdict: Verdict | None = None
    is_dominated: bool = False
    remark: str = ""
    """How its operations differ in precision, and whether that holds what was asked of it."""


@dataclass(frozen=True)
class Ladder:
    """The variants of one model on one data set, and their cascade, if there is one."""

    name: str
    data: str
    model: str
    rows: int
    margin: float
    yardstick: Yardstick
    rungs: tuple[Rung, ...]
    left_out: Mapping[str, str]
    """Why each variant that was asked for could not be made."""


def read(name: str, data: str, model: str, figures: Mapping[str, Any], manifest: Manifest) -> Ladder:
    """Take from what `--json` wrote, and from the manifest, what a reader compares ladders by.

    Raises KeyError where the two are not of one run.
    """
    margin = figures["margin"]
    variants = {variant.name: variant for variant in manifest.variants}
    rungs = [_rung(one, variants[one["variant"]], margin) for one in figures["variants"]]
    if (both := figures.get("cascade")) is not None:
        rungs.append(_rung(both, None, margin))
    yardstick = Yardstick(manifest.reference, manifest.truth)
    return Ladder(
        name, data, model, figures["rows"], margin, yardstick, tuple(rungs), dict(manifest.left_out)
    )


def _rung(one: Mapping[str, Any], variant: VariantSpec | None, margin: float) -> Rung:
    """Return a row of the figures; without a variant, it is the cascade's."""
    scores, against = one["scores"], one.get("against_reference")
    times, intervals = one["microseconds_a_row"], one["microseconds_interval"]
    return Rung(
        name=one["variant"],
        precision=one["variant"] if variant is None else variant.precision or variant.name,
        network=None if variant is None else variant.network,
        bytes=one["bytes"],
        score=Estimate(scores["accuracy"], scores["accuracy_low"], scores["accuracy_high"]),
        row_us={int(batch): Estimate(times[batch], *intervals[batch]) for batch in times},
        difference=None if against is None else Estimate(against["difference"], *against["interval"]),
        verdict=None if against is None else _verdict(against, margin),
        is_dominated=one["dominated_by"] is not None,
        remark=_pair(one) if variant is None else _remark(variant.recipe or {}),
    )


def _pair(cascade: Mapping[str, Any]) -> str:
    first, second, share = cascade["first"], cascade["second"], cascade["escalated"]
    return f"{first}, and for {share:.1%} of rows {second} as well"


def _remark(recipe: Mapping[str, Any]) -> str:
    if not recipe:
        return ""
    bits = Counter(operation["bits"] for operation in recipe["operations"])
    made = ", ".join(f"{count} in {width} bits" for width, count in sorted(bits.items()))
    wish, rows = recipe["wish"]["max_accuracy_drop"], f"{recipe['validation_rows']:,} validation rows"
    if recipe["held"]:
        return f"{made}; by {rows} it holds a drop of {wish:g}"
    return f"{made}; {rows} do not show that it holds a drop of {wish:g}, and it is the nearest"


def _verdict(against: Mapping[str, Any], margin: float) -> Verdict:
    return Verdict(against["verdict"], margin, against["non_inferiority_p"], against["rows_needed"])
