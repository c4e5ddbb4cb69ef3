"""The table of what one processor answers differently from another, and its figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from bundle.proof.portability import Here

_COLUMNS = ("rows", "answered differently", "then", "here", "difference")
SPARE = ("difference", "rows")  # with little room


def portability_table(title: str, found: Mapping[str, Here], processor: str, score: str) -> Table:
    """Lay what each variant answers here beside what it answered; `score` names the share that is right."""
    table = Table(
        title=Text(f"{title}, answered by {processor}"),
        title_justify="left",
        caption_justify="left",
        caption=Text(
            f"Then: {score} when the bundle was made, on the same rows. Differently: with another class. "
            "Integer kernels are not the same on all processors, and rows that were close may go either way."
        ),
    )
    table.add_column("variant", no_wrap=True)
    for column in _COLUMNS:
        name = f"{score} {column}" if column in ("then", "here") else column
        table.add_column(name, justify="right", no_wrap=True)
    for name, here in found.items():
        then, now = here.right_then / here.rows, here.right_here / here.rows
        share = f" ({here.different / here.rows:.2%})" if here.different else ""
        table.add_row(
            name,
            f"{here.rows:,}",
            f"{here.different:,}{share}",
            f"{then:.4f}",
            f"{now:.4f}",
            f"{now - then:+.4f}" if here.right_here != here.right_then else "0",
        )
    return table


def portability_figures(found: Mapping[str, Here], processor: str) -> dict[str, Any]:
    return {
        "processor": processor,
        "variants": [
            {
                "variant": name,
                **asdict(here),
                "score_then": here.right_then / here.rows,
                "score_here": here.right_here / here.rows,
            }
            for name, here in found.items()
        ],
    }
