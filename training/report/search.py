"""Says what a search came to: the front as a table, and whether what was published does what was demanded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from evidence.paired import judge
from training.evaluation.baseline import nothing_learned
from training.report.tables import microseconds, show
from training.search.config import SearchConfig
from training.search.front import Candidate
from training.search.space import hidden_of
from training.search.tuning import Final, Found

_LEFT = ("trial", "hidden", "optimizer", "precision", "meets both")
_SPARE = ("batch", "optimizer", "learning rate", "weights", "hidden", "drop")  # where there is little room
_RIGHT = ("learning rate", "batch", "weights", "validation accuracy", "drop", "µs/row")


def print_front(found: Found, config: SearchConfig) -> None:
    """Print a row for each model on the front, and for the untuned one, on stdout."""
    title = (
        f"The Pareto front of {len(found.candidates)} trained models; {len(found.given_up)} trials given up. "
        f"Accuracy on {found.demand.rows:,} validation rows, where {found.baseline}; time at {config.rows} "
        "rows a call."
    )
    table = Table(title=Text(title), title_justify="left", caption_justify="left")
    for column in (_LEFT[0], *_LEFT[1:4], *_RIGHT, _LEFT[4]):
        table.add_column(column, justify="right" if column in _RIGHT else "left", no_wrap=True)
    front = found.front
    shown = front if found.reference in front else [*front, found.reference]
    if found.chosen not in shown:
        shown.append(found.chosen)
    for candidate in shown:
        table.add_row(*cells(candidate, found, config))
    show(table, _SPARE)


def cells(candidate: Candidate, found: Found, config: SearchConfig) -> list[str]:
    """Format one row of the table."""
    point: Mapping[str, object] = candidate.point
    names = [
        name
        for name, one in (("untuned", found.reference), ("chosen", found.chosen))
        if one.number == candidate.number
    ]
    hidden = hidden_of(config.base, candidate.point["width"], candidate.point["depth"])
    return [
        f"{candidate.number}{' ' * bool(names)}{', '.join(names)}",
        ",".join(map(str, hidden)),
        str(point["optimizer"]),
        str(point["precision"]),
        f"{point['learning_rate']:.2g}",
        str(point["batch_size"]),
        f"{candidate.weights:,}",
        f"{candidate.accuracy:.4f}",
        f"{found.reference.accuracy - candidate.accuracy:+.4f}",
        microseconds(candidate.row_us),
        "yes" if found.demand.is_met_by(candidate.accuracy, candidate.row_us) else "no",
    ]


def sentences(found: Found, final: Final, config: SearchConfig) -> list[str]:
    """Return what is to be said of the published model; `misses` returns the verdict alone."""
    bundle, precision = final.published.bundle, found.chosen.point["precision"]
    pairs, difference = final.pairs, final.pairs.difference
    accuracy = (
        f"Test: accuracy {final.accuracy:.4f} on {pairs.rows:,} rows, untuned float32 "
        f"{final.reference_accuracy:.4f}: a drop of {final.drop:+.4f} [{-difference.high:+.4f}, "
        f"{-difference.low:+.4f}], of {config.max_accuracy_drop:g} allowed ({pairs.lost:g} rows lost, "
        f"{pairs.gained:g} won); {final.baseline}."
    )
    time = (
        f"Time: {microseconds(final.time.row_us)} µs a row at {config.rows} rows a call, untuned float32 "
        f"{microseconds(final.reference_time.row_us)}, of {config.max_row_us:g} allowed; "
        f"{_times_as_long(final)}; one thread, this machine, now."
    )
    whose = f"{bundle.folder} is trial {found.chosen.number}; its default variant is {precision}."
    learned = nothing_learned(final.published.evaluations, bundle.manifest.labels, (precision,))
    lines = [whose, accuracy, time, *([learned] if learned else [])]
    missed = misses(found, final, config)
    if missed:
        return [*lines, f"Not met: {'; '.join(missed)}. What was published is the nearest that was found."]
    but = ", but accuracy does not show that anything was learned" if learned else ""
    verdict = judge(pairs, config.max_accuracy_drop)
    if verdict.judgement != "no worse":
        needed = verdict.rows_needed
        more = f"it takes about {needed:,}" if needed else "the drop is about what is allowed"
        return [*lines, f"Time is met{but}. Accuracy is kept, but these rows do not prove it: {more}."]
    return [*lines, f"Both demands are met{but}."]


def misses(found: Found, final: Final, config: SearchConfig) -> Sequence[str]:
    """Return each demand that is not met: on validation rows when it was chosen, or when it was proved.

    A drop within what is allowed, of rows too few to prove it, is not missed; a time whose interval reaches
    beyond is.
    """
    chosen, missed, row_us = found.chosen, [], final.time.row_us
    drop = found.reference.accuracy - chosen.accuracy
    if chosen.accuracy < found.demand.accuracy - 1e-9:
        missed.append(f"accuracy drops by {drop:.4f} on validation rows")
    elif final.drop > config.max_accuracy_drop + 1e-9:
        missed.append(f"accuracy, kept on validation rows, drops by {final.drop:.4f} on test rows")
    if row_us.high > config.max_row_us:
        missed.append(f"a row takes {microseconds(row_us)} µs")
    return missed


def _times_as_long(final: Final) -> str:
    ratio = final.time.ratio_to(final.reference_time)
    return f"{ratio.value:.2f} times as long ({ratio.low:.2f} to {ratio.high:.2f})"
