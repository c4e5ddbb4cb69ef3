"""Takes in what came of the turns of a block: the figures of each, the block's own, and what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log

import numpy as np

from evidence.percentiles import percentile
from evidence.trimmed import trimmed_mean
from loadtests.experiment.blocks import Block, TurnFigures
from loadtests.experiment.checks import LATE_MAX, WAITED_MAX
from loadtests.measure.samples import Samples
from loadtests.measure.summary import Summary, Window, summarise_windows
from loadtests.measure.turn import Turn


@dataclass(frozen=True)
class Seen:
    """What was seen of one load in one block."""

    block: Block
    turns: tuple[TurnFigures, ...]
    window: Window
    """The samples of the turns that count."""
    generator_s: float
    """Processor time of the generator in those turns, and"""
    generator_waited_s: float
    service_waited: float | None
    """How long the service was ready to run and had no core, as a share of all its turns; None if unknown."""
    unanswered: int


@dataclass(frozen=True)
class Place:
    """Where a block stands in a run."""

    index: int
    begun: float
    """When the first turn of the run began, on the clock of the samples."""
    bound_ms: float | None
    shares_core: bool
    """Generator and service have one core: it waits for the service, and neither is to blame."""


def see(samples: Samples, turns: Sequence[tuple[int, Turn]], users: int, place: Place) -> Seen:
    """Return what came of one load's turns, given with their rounds; there is at least one."""
    figures = [_figures(samples, turn, round_, users, place) for round_, turn in turns]
    kept = [turn for (_, turn), one in zip(turns, figures, strict=True) if not one.why_void]
    counted = np.isin(samples.part, [turn.place for turn in kept])
    # Whatever is scheduled within it is of a turn that counts, for no others are in it.
    window = Window(samples.trimmed(counted), turns[0][1].start, np.nextafter(turns[-1][1].end, np.inf))
    waits = [turn.service_waited_s for _, turn in turns]
    seconds = sum(turn.seconds for _, turn in turns)
    return Seen(
        block=_block(figures, summarise_windows([window], bound_ms=place.bound_ms), kept, place),
        turns=tuple(figures),
        window=window,
        generator_s=sum(turn.generator_s for turn in kept),
        generator_waited_s=sum(turn.generator_waited_s for turn in kept),
        service_waited=None if None in waits else min(1.0, sum(wait or 0.0 for wait in waits) / seconds),
        unanswered=sum(turn.unanswered for _, turn in turns),
    )


def _figures(samples: Samples, turn: Turn, round_: int, users: int, place: Place) -> TurnFigures:
    mine = samples.part == turn.place
    good = mine & samples.ok
    answers = int(np.count_nonzero(good))
    rate = users * turn.answers / turn.worked_s if turn.worked_s else 0.0
    latencies = (samples.done[good] - samples.scheduled[good]) * 1000
    waited = 0.0 if place.shares_core else turn.generator_waited_s / turn.seconds
    is_void = waited > WAITED_MAX and answers == np.count_nonzero(mine)  # a failure is never thrown away
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
        why_void=f"the generator was ready and had no core for {waited:.0%} of it" if is_void else "",
    )


def _block(figures: Sequence[TurnFigures], summary: Summary, kept: Sequence[Turn], place: Place) -> Block:
    counted = [one for one in figures if not one.why_void]
    seconds = sum(turn.seconds for turn in kept)
    rate = level([one.requests_per_s for one in counted]) or 0.0
    rows = level([one.rows_per_s for one in counted]) or 0.0
    return Block(
        index=place.index,
        started_s=figures[0].started_s,
        seconds=seconds,
        turns=len(counted),
        void_turns=len(figures) - len(counted),
        requests_per_s=rate,
        rows_per_s=rows,
        rows_per_core_s=level([one.rows_per_core_s for one in figures]),
        p50_ms=summary.p50_ms,
        p99_ms=summary.p99_ms,
        goodput_per_s=rate * summary.in_time / summary.answers if summary.answers else 0.0,
        effective_accuracy=summary.effective_accuracy.value if summary.effective_accuracy else None,
        generator_cpu=sum(turn.generator_s for turn in kept) / seconds if seconds else None,
    )


def level(values: Sequence[float | None]) -> float | None:
    """Return the trimmed geometric mean of what is known and above 0; None where nothing is."""
    known = [log(value) for value in values if value and value > 0]
    return exp(trimmed_mean(known)) if known else None


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
    if why := _why_void(summary, place):
        figures = replace(figures, why_void=why)
    block = _block([figures], summary, [], place)
    return Seen(
        block=replace(block, seconds=window.seconds, generator_cpu=summary.generator_cpu),
        turns=(figures,),
        window=window,
        generator_s=(summary.generator_cpu or 0.0) * window.seconds,
        generator_waited_s=(summary.generator_waited or 0.0) * window.seconds,
        service_waited=None if service_waited_s is None else min(1.0, service_waited_s / window.seconds),
        unanswered=0,
    )


def _why_void(summary: Summary, place: Place) -> str:
    """Return what was wrong with a window on the generator's side; a failure is never thrown away with it."""
    if summary.failed or place.shares_core:
        return ""
    waited, late, p99 = summary.generator_waited or 0.0, summary.sent_late_p99_ms, summary.p99_ms
    if waited > WAITED_MAX:
        return f"the generator was ready and had no core for {waited:.0%} of it"
    if late is not None and p99 is not None and late > LATE_MAX * p99:
        return f"the generator sent {late:.3f} ms late at p99, and its p99 is {p99:.3f} ms"
    return ""
