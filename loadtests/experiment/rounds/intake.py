"""Takes in what came of the turns of a block: the figures of each, the block's own, and what is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from evidence.percentiles import percentile
from loadtests.experiment.blocks import Block, TurnFigures
from loadtests.experiment.checks import LATE_MAX, WAITED_MAX
from loadtests.measure.samples import Samples
from loadtests.measure.summary import Summary, Window, summarise_windows
from loadtests.measure.turn import Turn
from loadtests.rig.processor import total
from loadtests.workload.arrays import Ints


@dataclass(frozen=True)
class Seen:
    """What was seen of one load in one block."""

    block: Block
    turns: tuple[TurnFigures, ...]
    window: Window
    """The samples of the turns that count."""
    answered: tuple[Ints, Ints]
    """Of each test row, how often it was answered in any turn, and how often rightly; (test rows,) each."""
    generator_s: float
    """Processor time of the generator in those turns, and"""
    generator_waited_s: float
    service_waited: float | None
    """How long the service was ready to run and had no core, as a share of all its turns; None if unknown."""
    unanswered: int


@dataclass(frozen=True)
class Rates:
    """Those of a block."""

    requests_per_s: float
    rows_per_s: float
    rows_per_core_s: float | None


@dataclass(frozen=True)
class Place:
    """Where a block stands in a run."""

    index: int
    begun: float
    """When the first turn of the run began, on the clock of the samples."""
    bound_ms: float | None
    shares_core: bool
    """Generator and service have one core: it waits for the service, and neither is to blame."""


def why_void(turns: Sequence[Turn], planned_s: float, place: Place) -> str:
    """Return why the turns of a round that are compared with each other do not count; empty where they do.

    It is of all of them together, and of the generator's wait as a share of the time that was planned for
    them: so it hangs neither on which variant was quick, nor on whose answers were long in coming.
    """
    share = sum(turn.generator_waited_s for turn in turns) / planned_s
    if place.shares_core or not share > WAITED_MAX:  # not where it is NaN
        return ""
    return f"in this round the generator was ready and had no core for {share:.0%} of the time"


def see(
    samples: Samples,
    turns: Sequence[tuple[int, Turn]],
    users: int,
    place: Place,
    void: Mapping[int, str] = MappingProxyType({}),
) -> Seen:
    """Return what came of one load's turns, given with their rounds; there is at least one.

    `void` are the rounds that do not count. A failure is never thrown away with its turn.
    """
    figures = [_figures(samples, turn, round_, users, place, void) for round_, turn in turns]
    kept = [turn for (_, turn), one in zip(turns, figures, strict=True) if not one.why_void]
    counted = np.isin(samples.part, [turn.place for turn in kept])
    # Whatever is scheduled within it is of a turn that counts, for no others are in it.
    window = Window(samples.trimmed(counted), turns[0][1].start, np.nextafter(turns[-1][1].end, np.inf))
    waited_s = total([turn.service_waited_s for _, turn in turns])
    seconds = sum(turn.seconds for _, turn in turns)
    summary = summarise_windows([window], bound_ms=place.bound_ms)
    rates = _rates(figures, [turn for _, turn in turns], kept, users, samples.rows)
    generator_s = sum(turn.generator_s for turn in kept)
    return Seen(
        block=_block(figures, summary, rates, place, generator_s),
        turns=tuple(figures),
        window=window,
        answered=samples.answers_by_row(samples.ok),
        generator_s=generator_s,
        generator_waited_s=sum(turn.generator_waited_s for turn in kept),
        service_waited=None if waited_s is None else min(1.0, waited_s / seconds),
        unanswered=sum(turn.unanswered for _, turn in turns),
    )


def _figures(
    samples: Samples, turn: Turn, round_: int, users: int, place: Place, void: Mapping[int, str]
) -> TurnFigures:
    mine = samples.part == turn.place
    good = mine & samples.ok
    answers = int(np.count_nonzero(good))
    rate = users * turn.answers / turn.worked_s if turn.worked_s else 0.0
    latencies = (samples.done[good] - samples.scheduled[good]) * 1000
    return TurnFigures(
        block=place.index,
        round=round_,
        started_s=turn.start - place.begun,
        seconds=turn.seconds,
        answers=answers,
        requests_per_s=rate,
        rows_per_s=rate * samples.rows,
        rows_per_core_s=answers * samples.rows / turn.processor_s if turn.processor_s else None,
        p50_ms=percentile(latencies, 50) if answers else None,
        p99_ms=percentile(latencies, 99) if answers else None,
        why_void=void.get(round_, "") if answers == np.count_nonzero(mine) else "",
    )


def _block(
    figures: Sequence[TurnFigures], summary: Summary, rates: Rates, place: Place, generator_s: float | None
) -> Block:
    void = sum(bool(one.why_void) for one in figures)
    seconds = sum(one.seconds for one in figures if not one.why_void)
    return Block(
        index=place.index,
        started_s=figures[0].started_s,
        seconds=seconds,
        turns=len(figures) - void,
        void_turns=void,
        requests_per_s=rates.requests_per_s,
        rows_per_s=rates.rows_per_s,
        rows_per_core_s=rates.rows_per_core_s,
        p50_ms=summary.p50_ms,
        p99_ms=summary.p99_ms,
        goodput_per_s=summary.goodput_of(rates.requests_per_s),
        effective_accuracy=summary.effective_accuracy.value if summary.effective_accuracy else None,
        generator_cpu=generator_s / seconds if seconds and generator_s is not None else None,
    )


def _rates(
    figures: Sequence[TurnFigures], every: Sequence[Turn], kept: Sequence[Turn], users: int, rows: int
) -> Rates:
    """Return throughput over the turns that count, and cost over all: what befell one of them is in both."""
    worked_s = sum(turn.worked_s for turn in kept)
    rate = users * sum(turn.answers for turn in kept) / worked_s if worked_s else 0.0
    answered = rows * sum(one.answers for one in figures)
    used_s = total([turn.processor_s for turn in every])
    return Rates(rate, rate * rows, answered / used_s if used_s and answered else None)


def see_window(
    window: Window, place: Place, *, processor_s: float | None, service_waited_s: float | None
) -> Seen:
    """Return what came of one window of an open loop, or of a load that changes: a turn of its own.

    An open loop's rate is its schedule's. `processor_s` is of the whole load, warm-up included.
    """
    summary = summarise_windows([window], bound_ms=place.bound_ms)
    rows = window.samples.rows
    everything = int(np.count_nonzero(window.samples.ok)) * rows
    figures = TurnFigures(
        block=place.index,
        round=0,
        started_s=window.start - place.begun,
        seconds=window.seconds,
        answers=summary.answers,
        requests_per_s=summary.requests_per_s,
        rows_per_s=summary.rows_per_s,
        rows_per_core_s=everything / processor_s if processor_s else None,
        p50_ms=summary.p50_ms,
        p99_ms=summary.p99_ms,
    )
    if why := _why_window_void(summary, place):
        figures = replace(figures, why_void=why)
    used_s = (summary.generator_cpu or 0.0) * window.seconds
    is_void = bool(figures.why_void)
    rates = Rates(
        0.0 if is_void else figures.requests_per_s,
        0.0 if is_void else figures.rows_per_s,
        figures.rows_per_core_s,
    )
    return Seen(
        block=_block([figures], summary, rates, place, used_s),
        turns=(figures,),
        window=window,
        answered=window.samples.answers_by_row(window.samples.ok),
        generator_s=used_s,
        generator_waited_s=(summary.generator_waited or 0.0) * window.seconds,
        service_waited=None if service_waited_s is None else min(1.0, service_waited_s / window.seconds),
        unanswered=0,
    )


def without_rates(seen: Seen) -> Seen:
    """Return what is left where too few turns of a load count to say anything but what it cost."""
    why = "too few turns of this load count"
    turns = tuple(replace(one, why_void=one.why_void or why) for one in seen.turns)
    window = seen.window
    failed = window.samples.trimmed(~window.samples.ok)
    block = replace(
        seen.block,
        seconds=0.0,
        turns=0,
        void_turns=len(turns),
        requests_per_s=0.0,
        rows_per_s=0.0,
        p50_ms=None,
        p99_ms=None,
        goodput_per_s=0.0,
        effective_accuracy=None,
        generator_cpu=None,
    )
    return replace(seen, block=block, turns=turns, window=replace(window, samples=failed))


def _why_window_void(summary: Summary, place: Place) -> str:
    """Return what was wrong with a window on the generator's side; a failure is never thrown away with it."""
    if summary.failed or place.shares_core:
        return ""
    waited, late, p99 = summary.generator_waited or 0.0, summary.sent_late_p99_ms, summary.p99_ms
    if waited > WAITED_MAX:
        return f"the generator was ready and had no core for {waited:.0%} of it"
    if late is not None and p99 is not None and late > LATE_MAX * max(p99, place.bound_ms or 0.0):
        return f"the generator sent {late:.3f} ms late at p99, and its p99 is {p99:.3f} ms"
    return ""
