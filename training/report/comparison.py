"""The second table: every variant against the reference on the same rows, and whether that is good enough."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from evidence.estimate import CONFIDENCE
from evidence.paired import Verdict, Yardstick
from training.evaluation.confusion import worst, worst_p
from training.evaluation.evaluate import Evaluation
from training.evaluation.tally import Tally
from training.evaluation.verdicts import verdicts

_COLUMNS = ("difference [95% interval]", "lost / gained", "p", "verdict", "ECE", "Brier", "worst class")
_LEFT = ("verdict", "worst class")
SPARE = ("Brier", "ECE", "p", "worst class", "lost / gained")  # where there is little room


def comparison_table(evaluations: Sequence[Evaluation], labels: Sequence[int | str], margin: float) -> Table:
    """Lay the evidence out, a row a variant; the reference's has only what needs no other."""
    yardstick = evaluations[0].yardstick
    table = Table(
        title=Text(f"compared with {yardstick.reference} on the same {evaluations[0].scores.rows:,} rows"),
        title_justify="left",
        caption_justify="left",
        caption=Text(
            f"{_lost_and_gained(yardstick)} Interval: Tango's score interval. p: McNemar's exact test.\n"
            f"No worse: proved to have lost less than {margin:g}, at 95% for all variants together (Holm)"
            f"{', a cascade by itself' if any(one.cascade for one in evaluations) else ''}. "
            "Rows needed: for a power of 80%. ECE: calibration error over 15 bins.\n"
            "Worst class: the fall in recall with most evidence; * where it is beyond chance (McNemar, Holm)."
        ),
    )
    table.add_column("variant", no_wrap=True)
    for column in _COLUMNS:
        table.add_column(column, justify="left" if column in _LEFT else "right", no_wrap=column != "verdict")
    judged = verdicts(evaluations, margin)
    for evaluation in evaluations:
        table.add_row(*comparison_cells(evaluation, labels, judged.get(evaluation.variant)))
    return table


def comparison_cells(
    evaluation: Evaluation, labels: Sequence[int | str], verdict: Verdict | None
) -> list[str]:
    """Format one row of the table; the reference's has no verdict."""
    tally = evaluation.tally
    reliability = [f"{tally.reliability.error:.4f}", f"{tally.reliability.brier:.4f}"]
    if verdict is None:
        return [evaluation.variant, "", "", "", "the reference", *reliability, ""]
    pairs, difference = tally.pairs, tally.pairs.difference
    return [
        evaluation.variant,
        f"{difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]",
        f"{pairs.lost:,} / {pairs.gained:,}",
        f"{pairs.p_value:.2g}",
        str(verdict),
        *reliability,
        _worst_class(tally, labels),
    ]


def _lost_and_gained(yardstick: Yardstick) -> str:
    name = yardstick.reference
    if yardstick.is_labelled:
        return f"Lost and gained: rows that {name} alone, and that the variant alone, got right."
    return f"Lost: rows that the variant answers otherwise than {name}; none can be gained."


def _worst_class(tally: Tally, labels: Sequence[int | str]) -> str:
    drop = worst(tally.classes)
    if drop.recall_difference >= 0:
        return "none fell"
    mark = "*" if worst_p(tally.classes) < 1 - CONFIDENCE else ""
    return f"{labels[drop.index]} {drop.recall_difference:+.3f}{mark}"
