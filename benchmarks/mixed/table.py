"""One Markdown table of all that were compared, and sentences on what was aimed at."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.mixed.contender import (
    AIM,
    Contender,
    gains,
    is_met,
    mixed_of,
    reference_of,
    verdicts,
)
from evidence.estimate import Estimate
from evidence.paired import judge

_COLUMNS = (
    "",
    "bytes",
    "drop on validation",
    "agreement",
    "test accuracy",
    "difference from {reference}",
    "at {budget:g}",
)
_MADE = ("made in, s", "memory, MB")


def markdown(contenders: Sequence[Contender], budget: float, reference_us: dict[int, float]) -> list[str]:
    """Return the table's lines; `reference_us` is what a row takes the reference, by the rows of a call."""
    reference = reference_of(contenders)
    judged = verdicts(contenders, budget)
    times = [f"time, batch {batch}" for batch in reference_us]
    columns = [name.format(reference=reference.name, budget=budget) for name in _COLUMNS]
    header = [*columns, *times, *_MADE]
    lines = ["| " + " | ".join(header) + " |", "| --- |" + " ---: |" * (len(header) - 1)]
    for one in contenders:
        is_reference = one is reference
        cells = [
            one.name,
            f"{one.bytes:,}" + (f" + {one.beside:,}" if one.beside else ""),
            "" if is_reference else f"{one.drop(reference):+.4f}",
            "" if is_reference else f"{one.agreement:.4f}",
            f"{one.accuracy:.4f}",
            "" if is_reference else _interval(one.pairs(reference).difference, "+.4f"),
            "" if is_reference else str(judged[one.name]),
            *(
                f"{us:.1f} µs a row" if is_reference else _interval(one.times[batch], ".2f")
                for batch, us in reference_us.items()
            ),
            "" if one.seconds is None else f"{one.seconds:.1f}",
            "" if one.memory_bytes is None else f"{one.memory_bytes / 2**20:,.0f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def sentences(contenders: Sequence[Contender], budget: float) -> list[str]:
    """Say what was aimed at, and what came of it."""
    said = [
        "Bytes of NNCF's are those of the weights + those of the .xml beside them, which no ratio counts."
    ]
    said += [
        f"{one.name}: kept in float32: {', '.join(one.kept) or 'nothing'}."
        for one in contenders
        if one.kept is not None
    ]
    if not any(one.role == "mixed" for one in contenders):
        return said
    sure, seen = (gains(contenders, budget, proven=proven) for proven in (True, False))
    return [
        *said,
        f"Aim: {AIM:g} times less of one thing than the best uniform rung that is proven to hold the budget.",
        *(f"{gain}: {'met' if gain.is_met else 'not met'}." for gain in sure),
        *(f"{gain}, which may hold it, and is not proven to." for gain in seen if gain not in sure),
        *(_against(contenders, one, budget) for one in contenders if one.kept is not None),
        f"All that was aimed at: {'met' if is_met(contenders, budget) else 'not met'}.",
    ]


def _against(contenders: Sequence[Contender], other: Contender, budget: float) -> str:
    mixed = mixed_of(contenders)
    difference = _interval(mixed.pairs(other).difference, "+.4f")
    judged = f"{judge(mixed.pairs(other), budget)} at {budget:g}"
    size = f"{mixed.bytes / other.bytes:.2f} times the bytes"
    return f"{mixed.name} against {other.name}: accuracy {difference}, {judged}; {size}."


def _interval(estimate: Estimate, form: str) -> str:
    if not estimate.is_bounded:
        return format(estimate.value, form)
    return f"{estimate.value:{form}} [{estimate.low:{form}}, {estimate.high:{form}}]"
