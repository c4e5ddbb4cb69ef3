"""What the variants of a bundle take, here and now: no part of the bundle, and nothing that it fails by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bundle.bundle import Bundle
from bundle.runtimes import Runtime
from training.errors import TimingError
from training.evaluation.evaluate import Evaluation, timed
from training.evaluation.stopwatch import time_variants
from training.progress import Progress


def with_times(
    bundle: Bundle,
    runtimes: Mapping[str, Runtime],
    evaluations: Sequence[Evaluation],
    progress: Progress,
) -> list[Evaluation]:
    """Time the open variants of a bundle; warn, and leave the times out, where that cannot be done."""
    progress.begin("timing", 1)
    try:
        found = timed(evaluations, time_variants(bundle, runtimes, bundle.test_set()[0]))
    except TimingError as error:
        progress.warn(str(error))
        return list(evaluations)
    progress.advance()
    return found
