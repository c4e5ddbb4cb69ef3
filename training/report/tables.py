"""The first table, a row a variant, and how all tables are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from training.evaluation.domination import dominated
from training.evaluation.evaluate import Evaluation
from training.evaluation.timing import TIMED_BATCHES

_PIPE_COLUMNS = 190  # a pipe has no width of its own; a log must not lose columns


def print_table(
    title: str, evaluations: Sequence[Evaluation], failures: Mapping[str, str], note: str
) -> None:
    """Print one row a variant on stdout; below it, why others could not be made."""
    table = Table(title=Text(title), title_justify="left", caption_justify="left")
    table.add_column("variant", no_wrap=True)
    for column in ("accuracy [95% interval]", "precision", "recall", "F1", "log-loss", "agreement", "bytes"):
        table.add_column(column, justify="right", no_wrap=column == "accuracy [95% interval]")
    for batch in TIMED_BATCHES:
        table.add_column(f"µs/row, batch {batch}", justify="right")
    worse = dominated(evaluations)
    if worse:
        table.add_column("dominated by", no_wrap=True)
        note += " Dominated: another is as accurate, fast and small, within the noise, and better in one."
    for evaluation in evaluations:
        better = worse.get(evaluation.variant, "")
        table.add_row(*cells(evaluation), better, style="dim" if better else None)
    for variant, reason in failures.items():
        table.add_row(variant, "left out")
        note += f"\n{variant} is left out: {reason}"
    table.caption = Text(note)
    show(table)


def show(table: Table) -> None:
    """Print a table on stdout, at full width where that is no terminal."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PIPE_COLUMNS)
    console.print(table)


def cells(evaluation: Evaluation) -> list[str]:
    """Format one row of the table."""
    scores = evaluation.scores
    return [
        evaluation.variant,
        f"{scores.accuracy:.4f} [{scores.accuracy_low:.3f}, {scores.accuracy_high:.3f}]",
        *(f"{value:.4f}" for value in (scores.precision, scores.recall, scores.f1, scores.log_loss)),
        f"{scores.agreement:.4f}",
        f"{evaluation.bytes:,}",
        *(f"{evaluation.microseconds[batch]:,.1f}" for batch in TIMED_BATCHES),
    ]
