"""The first table, a row a variant, and how all tables are shown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

from evidence.estimate import Estimate
from evidence.paired import MARGIN, Yardstick
from training.evaluation.baseline import Baseline, nothing_learned
from training.evaluation.domination import dominated
from training.evaluation.evaluate import Evaluation
from training.evaluation.timing import TIMED_BATCHES

_PIPE_COLUMNS = 220  # a pipe has no width of its own; a log must not lose columns
_WORDS_COLUMNS = 24  # of a column of sentences, where there is little room

DOMINATED = (
    "another, chosen on validation rows, is proved on these to {as_good} within {margin:g}, as fast and "
    "as small within 5%, and better in one (95%, Holm)"
)
_SCORES = ("precision", "recall", "F1", "log-loss", "agreement", "bytes")
_TIMES = tuple(f"µs/row, batch {batch}" for batch in TIMED_BATCHES)
_SPARE = ("precision", "recall", "log-loss", "F1", "agreement", "dominated by", "bytes", _TIMES[0])


def print_table(
    title: str,
    evaluations: Sequence[Evaluation],
    labels: Sequence[int | str],
    failures: Mapping[str, str],
    note: str,
    margin: float = MARGIN,
) -> None:
    """Print one row a variant on stdout, under what costs nothing; below, why others could not be made.

    A variant may dominate another that is more accurate by up to `margin`.
    """
    yardstick = evaluations[0].yardstick
    title = f"{title}; {Baseline.under(evaluations, labels).by(yardstick)}"
    table = Table(title=Text(title), title_justify="left", caption_justify="left")
    table.add_column("variant", no_wrap=True)
    for column in (*_titles(yardstick), *_TIMES):
        table.add_column(column, justify="right", no_wrap=True)
    worse = dominated(evaluations, margin)
    if worse:
        table.add_column("dominated by", no_wrap=True)
        as_good = "be as accurate" if yardstick.is_labelled else "agree as much"
        note += f" Dominated: {DOMINATED.format(as_good=as_good, margin=margin)}."
    if yardstick.caveat:
        note = f"{yardstick.caveat}\n{note}"
    note += "".join(f"\n{line}" for line in _cascades(evaluations))
    for evaluation in evaluations:
        better = worse.get(evaluation.variant, "")
        table.add_row(*cells(evaluation), *([better] if worse else []), style="dim" if better else None)
    for variant, reason in failures.items():
        table.add_row(variant, "left out")
        note += f"\n{variant} is left out: {reason}"
    table.caption = Text(note)
    show(table, _SPARE)
    if (warning := nothing_learned(evaluations, labels)) is not None:
        Console(soft_wrap=True).print(Text(warning, style="bold"))


def _cascades(evaluations: Sequence[Evaluation]) -> Iterator[str]:
    """Yield what there is to know of a cascade before its row is read."""
    for one in evaluations:
        if (cascade := one.cascade) is not None:
            share = cascade.escalated
            yield (
                f"{one.variant}: {cascade.first} answers, and {cascade.second} in its place the "
                f"{one.escalated:.1%} of rows of which it is less than {cascade.threshold:.4g} sure "
                f"({share.value:.1%} when chosen; {share.low:.1%} to {share.high:.1%} is no surprise). "
                "Its times are the first one's, and of that share the second's."
            )


def show(table: Table, spare: Sequence[str] = ()) -> None:
    """Print a table on stdout; a terminal without room for it gets none of the first `spare` columns."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PIPE_COLUMNS)
    _fit(table, spare, console)
    console.print(table)


def _fit(table: Table, spare: Sequence[str], console: Console) -> None:
    names = {column.header: column for column in reversed(table.columns)}
    if _width(table, console) > console.width:
        for column in table.columns:
            _narrow(column, console)
    left_out = []
    for name in spare:
        if _width(table, console) <= console.width:
            break
        if name in names:
            table.columns.remove(names[name])
            left_out.append(name)
    if left_out:
        caption = [str(table.caption)] if table.caption else []
        caption.append(f"Not shown, for want of columns in this terminal: {', '.join(left_out)}.")
        table.caption = Text("\n".join(caption))


def _narrow(column: Column, console: Console) -> None:
    """Break the header where its cells are narrower, and sentences where they are long."""
    if not column.no_wrap:
        column.max_width = _WORDS_COLUMNS
    cells = max((Measurement.get(console, console.options, cell).maximum for cell in column.cells), default=0)
    longest = max(map(len, str(column.header).split()), default=1)
    column.header = textwrap.fill(str(column.header), max(cells, longest), break_long_words=False)


def _width(table: Table, console: Console) -> int:
    """Return the columns that a table needs for nothing in it to be cut."""
    return Measurement.get(console, console.options.update_width(10_000), table).maximum


def cells(evaluation: Evaluation) -> list[str]:
    """Format one row of the table."""
    scores = evaluation.scores
    return [
        evaluation.variant,
        f"{scores.accuracy:.4f} [{scores.accuracy_low:.3f}, {scores.accuracy_high:.3f}]",
        *(f"{value:.4f}" for value in (scores.precision, scores.recall, scores.f1, scores.log_loss)),
        *([f"{scores.agreement:.4f}"] if evaluation.yardstick.is_labelled else []),  # or it stands first
        f"{evaluation.bytes:,}",
        *_times(evaluation),
    ]


def _titles(yardstick: Yardstick) -> list[str]:
    """Return the titles of the columns of scores: agreement is one beside accuracy, or in its place."""
    others = [name for name in _SCORES if yardstick.is_labelled or name != "agreement"]
    return [f"{yardstick.figure} [95% interval]", *others]


def microseconds(time: Estimate) -> str:
    """Format a time with its interval, as in `4.4 (4.2 to 4.7)`."""
    digits = 2 if time.value < 1 else 1 if time.value < 100 else 0
    value = f"{time.value:,.{digits}f}"
    return f"{value} ({time.low:,.{digits}f} to {time.high:,.{digits}f})" if time.is_bounded else value


def _times(evaluation: Evaluation) -> list[str]:
    times = evaluation.microseconds
    return [microseconds(times[batch]) if batch in times else "" for batch in TIMED_BATCHES]
