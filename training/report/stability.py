"""The third table: how accuracies vary from seed to seed, beside how they would with other test rows."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from training.runs.repeats import Spread, Stability

_COLUMNS = (
    "accuracy, mean ± deviation",
    "lowest to highest",
    "95% interval within one seed",
    "less {reference}, mean ± deviation",
    "its lowest to highest",
)
SPARE = ("its lowest to highest", "lowest to highest", "95% interval within one seed")  # with little room


def stability_table(found: Sequence[Stability], seeds: Sequence[int]) -> Table:
    """Lay the spread between seeds beside the interval within the published one."""
    reference = found[0].reference
    table = Table(
        title=Text(f"over {len(seeds)} seeds on the same rows ({', '.join(map(str, seeds))})"),
        title_justify="left",
        caption_justify="left",
        caption=Text(
            f"Seed {seeds[0]} is the one published. Deviations are those between seeds; the interval is that "
            "of other test rows, within one seed.\n"
            f"A difference between two models that is smaller than either says nothing about the models; "
            f"differences from {reference} are those of each seed's own."
        ),
    )
    table.add_column("variant", no_wrap=True)
    for column in _COLUMNS:
        table.add_column(column.format(reference=reference), justify="right", no_wrap=True)
    for one in found:
        accuracy, difference, published = one.accuracy, one.difference, one.published
        against = ["", ""] if one.variant == reference else [_mean(difference, "+"), _range(difference, "+")]
        made = len(accuracy.values)
        name = one.variant if made == len(seeds) else f"{one.variant} ({made} of {len(seeds)} seeds)"
        within = f"[{published.low:.4f}, {published.high:.4f}]"
        table.add_row(name, _mean(accuracy), _range(accuracy), within, *against)
    return table


def _mean(spread: Spread, sign: str = "") -> str:
    deviation = "" if spread.deviation is None else f" ± {spread.deviation:.4f}"
    return f"{spread.mean:{sign}.4f}{deviation}"


def _range(spread: Spread, sign: str = "") -> str:
    return f"{min(spread.values):{sign}.4f} to {max(spread.values):{sign}.4f}"
