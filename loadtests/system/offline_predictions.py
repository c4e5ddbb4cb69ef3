"""Predicts the test rows with a variant's interpreter and no service: what every answer is compared with.

`python -m loadtests.system.offline_predictions FOLDER VARIANT FILE SECONDS` is a process of its own: some
runtimes take ten seconds and half a gigabyte to load. Rows are predicted until the time is over; the rest
is NaN. The batches grow, so that one of a slow model does not take longer than all before it.
"""

from __future__ import annotations

import sys
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np

from bundle.bundle import Bundle, open_bundle
from bundle.errors import BundleError
from bundle.manifest import CASCADE, CascadeSpec
from bundle.normalizer import FloatArray
from bundle.runtimes import open_runtime
from bundle.runtimes.base import BATCH_MAX
from loadtests.errors import GeneratorError, LoadTestError
from loadtests.rig.child import Child, program
from loadtests.rig.cores import Bound
from loadtests.system.audits import TOLERANCE
from loadtests.workload.payloads import shuffled

LIMIT_S = 8.0
_OF = "of/"  # before the name of a variant, that of its array
_START_S = 120.0  # TensorFlow alone takes ten seconds
_SPEED_S = 0.5  # the rows are predicted again, for at least so long, to time it
_POLL_S = 0.1


@dataclass(frozen=True)
class OfflinePredictions:
    """What a variant predicts without HTTP, and how fast."""

    file: Path
    rows_per_s: float | None
    """None where nobody has timed it."""


def predict(bundle: Bundle, variant: str, *, file: Path, core: Bound) -> OfflinePredictions:
    """Predict the test rows in a process of its own and keep the probabilities in `file`.

    Raises GeneratorError, with the last lines of its log, where it fails.
    """
    arguments = [str(bundle.folder), variant, str(file), str(LIMIT_S)]
    command = program("loadtests.system.offline_predictions", *arguments)
    log = file.with_suffix(".log")
    with Child(command, log=log, core=core) as child:
        deadline = time.monotonic() + _START_S + 2 * LIMIT_S
        while (code := child.wait(_POLL_S)) is None:
            if time.monotonic() > deadline:
                raise GeneratorError(f"predicting offline took too long; {log} ends:\n{child.tail()}")
        if code:
            raise GeneratorError(f"predicting offline ended with code {code}; {log} ends:\n{child.tail()}")
    with np.load(file, allow_pickle=False) as arrays:
        return OfflinePredictions(file, float(arrays["rows_per_s"]))


def join(found: Mapping[str, FloatArray], cascade: CascadeSpec | None, file: Path) -> OfflinePredictions:
    """Keep in one `file` what several variants predict, and the cascade of two of them, if there is one.

    Of the cascade no row is known whose first prediction is as sure as the threshold, within what two batches
    of one row may differ by: either answer is right. How fast it all was is not known.
    """
    kept = dict(found)
    if cascade and cascade.first in kept and cascade.second in kept:
        first, second = kept[cascade.first], kept[cascade.second]
        sure = first.max(axis=1, keepdims=True)  # NaN where it is not known
        merged = np.where(sure >= cascade.threshold, first, second)
        is_known = np.abs(sure - cascade.threshold) > TOLERANCE
        kept[CASCADE] = np.where(is_known, merged, np.nan).astype(np.float32)
    np.savez(file, allow_pickle=False, **{f"{_OF}{name}": known for name, known in kept.items()})
    return OfflinePredictions(file, None)


def read_predictions(file: Path, shape: tuple[int, int]) -> dict[str, FloatArray]:
    """Read by variant the probabilities of `shape` (test rows, classes) that `predict` or `join` has kept.

    Raises LoadTestError where the file is missing, something else, or of another model.
    """
    try:
        with np.load(file, allow_pickle=False) as arrays:
            names = [name for name in arrays if name.startswith(_OF)]
            found = {name.removeprefix(_OF): np.asarray(arrays[name], np.float32) for name in names}
        if not found:
            raise ValueError
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        reason = getattr(error, "strerror", None) or "it is no such file"
        raise LoadTestError(f"--offline is {str(file)!r}, which holds no predictions ({reason})") from error
    for probabilities in found.values():
        if probabilities.shape != shape:
            raise LoadTestError(
                f"--offline is {str(file)!r}, whose predictions are of shape {probabilities.shape}; the "
                f"model's test rows and classes are {shape}"
            )
    return found


def _predict(bundle: Bundle, variant: str, seconds: float) -> tuple[FloatArray, float]:
    """Return probabilities, shape (test rows, classes), NaN where time was over, and rows a second."""
    runtime = open_runtime(bundle, variant)
    x, _ = bundle.test_set()
    order = shuffled(len(x))
    probabilities = np.full((len(x), bundle.manifest.classes), np.nan, np.float32)
    begun = time.perf_counter()
    start, size = 0, 1
    while start < len(order):
        batch = order[start : start + size]
        probabilities[batch] = runtime.predict(x[batch])
        if time.perf_counter() - begun > seconds:
            break
        start, size = start + size, min(2 * size, BATCH_MAX)
    batches = [order[at : at + size] for at in range(0, len(order), size)]
    done = 0
    begun = time.perf_counter()
    for batch in cycle(batches):
        runtime.predict(x[batch])
        done += len(batch)
        if (took := time.perf_counter() - begun) > _SPEED_S:
            break
    return probabilities, done / took


def main() -> None:
    """Predict, and write the file."""
    folder, variant, file, seconds = sys.argv[1:]
    try:
        probabilities, rows_per_s = _predict(open_bundle(Path(folder)), variant, float(seconds))
    except BundleError as error:
        sys.exit(f"error: {error}")
    np.savez(file, allow_pickle=False, rows_per_s=rows_per_s, **{f"{_OF}{variant}": probabilities})


if __name__ == "__main__":
    main()
