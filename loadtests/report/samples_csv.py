"""Writes the raw samples of every load into one file that any tool reads: `samples.csv.gz`."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from loadtests.experiment.measured import Measured
from loadtests.measure.samples import Samples
from loadtests.report.escapes import in_csv
from loadtests.workload.arrays import Floats

FILE_NAME = "samples.csv.gz"
COLUMNS = (
    "variant",
    "rows",
    "part",
    "scheduled_s",
    "sent_s",
    "done_s",
    "status",
    "correct_rows",
    "error",
)
_QUICK = 1  # the level of compression: half the size of none costs a tenth of the time of the best


def write(loads: Sequence[Measured], folder: Path) -> Path:
    """Write one line for each request of each load, in the order of the answers; return the file's path.

    Times are seconds of the generator's own clock, from its first request on. `part` is
    the index of the block that the sample is from; `scheduled_s` is of a closed loop when its user wanted to
    send, and `sent_s` when there was a connection for it; `error` is empty where the answer was as promised.
    """
    path = folder / FILE_NAME
    # No time of writing in the head: the same samples give the same bytes.
    with (
        gzip.GzipFile(path, "wb", compresslevel=_QUICK, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
    ):
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        for load in loads:
            if (file := folder / load.samples).is_file():
                writer.writerows(_lines(load, Samples.load(file)))
    return path


def _lines(load: Measured, samples: Samples) -> Iterable[tuple[object, ...]]:
    size = len(samples)
    if not size:
        return []
    start = float(samples.scheduled.min())
    reasons = ["", *map(in_csv, samples.errors.tolist())]
    return zip(
        [in_csv(load.variant)] * size,
        [load.rows_per_request] * size,
        samples.part.tolist(),
        _seconds(samples.scheduled - start),
        _seconds(samples.sent - start),
        _seconds(samples.done - start),
        samples.status.tolist(),
        samples.correct.tolist(),
        [reasons[error + 1] for error in samples.error.tolist()],
        strict=True,
    )


def _seconds(times: Floats) -> list[str]:
    return [f"{time:.6f}" for time in times.tolist()]
