"""When the requests of an open loop are to be sent: drawn in full, from one seed, before the run."""

from __future__ import annotations

import numpy as np

from loadtests.workload.arrays import Floats


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
