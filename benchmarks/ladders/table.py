"""All ladders in one table, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.ladders.ladder import Ladder, Rung
from evidence.estimate import Estimate

_COLUMNS = ("data, model", "variant", "accuracy [95%]", "difference [95%]", "verdict", "bytes")


def page(ladders: Sequence[Ladder], conditions: str, notes: Sequence[str]) -> str:
    """Return the table with what must be known to read it; `notes` say what is not in it, and why."""
    left_out = [f"{one.name}: {_left_out(one.left_out)}." for one in ladders if one.left_out]
    remarks = [
        f"{one.name}, `{rung.name}`: {rung.remark}." for one in ladders for rung in one.rungs if rung.remark
    ]
    said = [*_legend(ladders), *remarks, *left_out, *notes]
    return "\n".join(
        ["# Ladders", "", conditions, "", *table(ladders), "", *(f"- {line}" for line in said), ""]
    )


def table(ladders: Sequence[Ladder]) -> list[str]:
    """Return the lines of the table: a row a variant, under the data and the model of each ladder."""
    batches = sorted({batch for ladder in ladders for rung in ladder.rungs for batch in rung.row_us})
    columns = [*_COLUMNS, *(f"µs/row [95%], batch {batch}" for batch in batches)]
    aligned = ["---"] * 2 + ["---:"] * 2 + ["---"] + ["---:"] * (1 + len(batches))
    return [
        _row(columns),
        _row(aligned),
        *(_row(cells) for ladder in ladders for cells in _rows(ladder, batches)),
    ]


def _rows(ladder: Ladder, batches: Sequence[int]) -> Iterator[list[str]]:
    title = f"**{ladder.data}**, {ladder.model}; {ladder.rows:,} test rows"
    for rung in ladder.rungs:
        yield [
            title,
            f"`{rung.name}`",
            f"{rung.score.value:.4f} [{rung.score.low:.3f}, {rung.score.high:.3f}]",
            *_against(rung),
            f"{rung.bytes:,}",
            *(_time(rung.row_us.get(batch)) for batch in batches),
        ]
        title = ""


def _against(rung: Rung) -> list[str]:
    difference = rung.difference
    if difference is None:
        return ["", "the reference"]
    within = f"[{difference.low:+.4f}, {difference.high:+.4f}]"
    return [f"{difference.value:+.4f} {within}", str(rung.verdict)]


def _time(time: Estimate | None) -> str:
    if time is None:
        return ""
    digits = 2 if time.value < 1 else 1 if time.value < 100 else 0
    within = f" ({time.low:,.{digits}f} to {time.high:,.{digits}f})" if time.is_bounded else ""
    return f"{time.value:,.{digits}f}{within}"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _legend(ladders: Sequence[Ladder]) -> Iterator[str]:
    for margin in sorted({ladder.margin for ladder in ladders}):
        yield (
            f"No worse: proved to have lost less than {margin:g} of the rows against the reference, on the "
            "same rows, at 95% for all variants of a ladder together (Tango's score test, Holm)."
        )
    yield from (f"{one.name}: {one.yardstick.caveat}" for one in ladders if one.yardstick.caveat)


def _left_out(reasons: Mapping[str, str]) -> str:
    return "; ".join(f"`{name}` was left out ({reason})" for name, reason in reasons.items())
