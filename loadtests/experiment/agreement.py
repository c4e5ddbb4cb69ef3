"""How far the answers over HTTP agree with what the variant predicts without it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loadtests.measure.samples import Samples
from loadtests.system.audits import TOLERANCE


@dataclass(frozen=True)
class Agreement:
    """How the answers compare with the variant's predictions of the same rows without HTTP."""

    rows: int
    """Unique rows compared."""
    labels_differ: int
    """Of these: how many got a different label at least once."""
    probabilities_differ: int
    """Of these: how many got, at least once, a probability that is off by more than the tolerance."""
    largest_difference: float
    tolerance: float


def agreement_of(samples: Samples) -> Agreement | None:
    """Return how the answers agreed; None where there was nothing to compare them with."""
    known = ~np.isnan(samples.difference)
    if not known.any():
        return None
    return Agreement(
        rows=int(np.count_nonzero(known)),
        labels_differ=int(np.count_nonzero(samples.astray)),
        probabilities_differ=int(np.count_nonzero(samples.difference[known] > TOLERANCE)),
        largest_difference=float(samples.difference[known].max()),
        tolerance=TOLERANCE,
    )
