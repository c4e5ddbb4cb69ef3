"""When the requests of an open loop are to be sent: drawn in full, from one seed, before the run."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from loadtests.workload.arrays import Floats

BURST, CALM = 3.0, 0.5
"""Rates of bursts, and of the time between them, as times the mean."""
_BURST_S, _CALM_S = 0.2, 0.8  # how long each lasts on the average: so their mean is the mean


class Draw(Protocol):
    """Draws the moments of a load."""

    def __call__(self, rate: float, seconds: float, *, seed: int, part: int = 0, parts: int = 1) -> Floats:
        """Return ascending moments in [0, `seconds`), `rate` a second on the average, shape (n,)."""


def poisson(rate: float, seconds: float, *, seed: int, part: int = 0, parts: int = 1) -> Floats:
    """Return ascending moments in [0, `seconds`) of a Poisson process of `rate` a second, shape (n,).

    `parts` processes that share a load each draw their own: Poisson processes of a rate's equal shares add
    up to one of that rate. Their random streams descend from one seed and never meet (`SeedSequence.spawn`),
    so no two of them send at the same moments, as they would if each seeded itself alike.
    Raises ValueError where there is nothing to draw.
    """
    if rate <= 0 or seconds <= 0 or part < 0 or parts < 1:
        raise ValueError(f"no arrivals at {rate} a second for {seconds} s, part {part} of {parts}")
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(parts, part)))
    mine = rate / parts
    drawn: list[Floats] = []
    reached = 0.0
    while reached < seconds:
        missing = (seconds - reached) * mine
        gaps = random.exponential(1 / mine, int(missing + 4 * missing**0.5) + 16)
        drawn.append(reached + np.cumsum(gaps))
        reached = float(drawn[-1][-1])
    moments = np.concatenate(drawn)
    return np.asarray(moments[moments < seconds])


def bursts(rate: float, seconds: float, *, seed: int, part: int = 0, parts: int = 1) -> Floats:
    """Return ascending moments in [0, `seconds`) of a Poisson process whose rate changes, shape (n,).

    A Markov chain of two states, calm and burst, says how many times the mean its rate is (Fischer
    and Meier-Hellstern 1993, "The Markov-modulated Poisson process cookbook"). When its bursts are depends on
    the seed alone: they are at the same time in all parts, and at all rates.
    Raises ValueError where there is nothing to draw.
    """
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    ends, times = [0.0], [0.0]  # of the stretches: when they end, and where that is on the mean's own clock
    is_burst = bool(random.random() < _BURST_S / (_BURST_S + _CALM_S))
    while ends[-1] < seconds:
        lasts = float(random.exponential(_BURST_S if is_burst else _CALM_S))
        ends.append(ends[-1] + lasts)
        times.append(times[-1] + lasts * (BURST if is_burst else CALM))
        is_burst = not is_burst
    whole = float(np.interp(seconds, ends, times))
    evenly = poisson(rate, whole, seed=seed, part=part, parts=parts)
    return np.asarray(np.interp(evenly, times, ends))
