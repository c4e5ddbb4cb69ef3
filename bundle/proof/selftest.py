"""Proves a bundle before it is trusted: every variant must give the answers that were written down for it.

A file that was tampered with can crash the process that opens it, whatever that process catches. So
`check_apart` first does it in a process of its own: `python -m bundle.proof.selftest FOLDER [VARIANT ...]`.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bundle.bundle import Bundle, open_bundle
from bundle.errors import BundleDamagedError, BundleError, TransientError
from bundle.normalizer import FloatArray
from bundle.proof.apart import end_with_parent, run_apart
from bundle.runtimes import Runtime, is_available, open_runtime
from bundle.runtimes.base import BATCH_MAX

# The answers were written down by another machine. Kernels differ between processors in the last bits, and a
# quantised graph turns one of those into a step of 1/256 of its output; a few such steps are no damage.
TOLERANCE = 0.02

_LARGER_S = 20.0  # for the batches of a variant that are larger than two rows
_SILENCE_S = 120.0  # between two lines of the other process, and as long again for each
_SILENT_BYTES = 2**30  # to be read and hashed, and opened

_PROGRAM = "bundle.proof.selftest"
_REFUSED, _TRANSIENT = 1, 3  # exit codes


def check(
    bundle: Bundle,
    name: str,
    runtime: Runtime,
    *,
    clock: Callable[[], float] = time.perf_counter,
    tell: Callable[[int], object] = lambda _: None,
) -> None:
    """Raise BundleDamagedError where the variant's answers are not the golden ones, in any size of batch.

    A runtime that has passed is warm: every batch size has been prepared and run. Of a slow variant the
    larger sizes are left out, for which there would be no time; `tell` hears of each that was not.
    """
    rows, expected = bundle.golden(name)
    every_size = 2 * BATCH_MAX - 1  # cut into one batch of each size
    rows = np.resize(rows, (every_size, rows.shape[1]))
    expected = np.resize(expected, (every_size, expected.shape[1]))
    path = bundle.path(bundle.variant(name).files[0])
    start, size, is_time = clock(), 1, True
    while size <= BATCH_MAX and is_time:
        begun = clock()
        batch = slice(size - 1, 2 * size - 1)
        _compare(path, answers(path, runtime, rows[batch]), expected[batch])
        tell(size)
        size *= 2
        is_time = size == 2 or clock() - start + 2 * (clock() - begun) <= _LARGER_S


def answers(path: Path, runtime: Runtime, rows: FloatArray) -> FloatArray:
    """Return what a runtime answers. Raise BundleDamagedError, naming the file at `path`, where it fails."""
    try:
        return runtime.predict(rows)
    except MemoryError as error:
        raise TransientError(path, "does not fit in memory now") from error
    except Exception as error:  # of whatever kind: it is another's code that meets files of unknown origin
        raise BundleDamagedError(path, f"fails ({type(error).__name__}: {error})") from error


def _compare(path: Path, answers: FloatArray, expected: FloatArray) -> None:
    if not np.isfinite(answers).all():
        raise BundleDamagedError(path, "answers numbers that are not finite")
    worst = float(np.abs(answers - expected).max())
    if worst > TOLERANCE:
        raise BundleDamagedError(
            path, f"answers {worst:.3g} away from its golden answers; {TOLERANCE} is allowed"
        )


def check_apart(
    bundle: Bundle, names: Sequence[str] | None = None, *, timeout_s: float | None = None
) -> None:
    """Check variants, by default every LiteRT one, in another process, which may die of it.

    `timeout_s` bounds the time between two signs of life of that process; by default the files' size does.
    Raises BundleDamagedError, naming the variant's file, where an answer is wrong, or where the other process
    crashed or did not end in time, and TransientError where that may go better another time.
    """
    if timeout_s is None:
        size = sum(file.bytes for file in bundle.manifest.serving_files)
        timeout_s = _SILENCE_S * (1 + size / _SILENT_BYTES)
    try:
        lines, code = run_apart(_PROGRAM, [str(bundle.folder), *(names or ())], silence_s=timeout_s)
    except OSError as error:
        raise TransientError(bundle.folder, f"cannot be self-tested now ({error.strerror})") from error
    if code == 0:
        return
    said = {kind: [line[len(kind) + 1 :] for line in lines if line.startswith(f"{kind} ")] for kind in _KINDS}
    path = bundle.path(bundle.variant(said["try"][-1]).files[0]) if said["try"] else bundle.folder
    if code is None:
        ending = f"did not end its self-test within {timeout_s:.0f} s of its last sign of life"
    else:
        ending = f"crashed the runtime (exit code {code})"
    is_transient = code in (_TRANSIENT, -signal.SIGKILL)  # which is how memory's end looks
    raise (TransientError if is_transient else BundleDamagedError)(path, [ending, *said["refused"]][-1])


_KINDS = ("try", "refused")


def _main(folder: Path, names: Sequence[str], report: Callable[[str], None]) -> int:
    try:
        bundle = open_bundle(folder, held_out=False)
        variants = bundle.manifest.variants
        for name in names or [v.name for v in variants if v.format == "tflite" and is_available(v)]:
            report(f"try {name}")
            check(bundle, name, open_runtime(bundle, name), tell=lambda rows: report(f"ran {rows}"))
    except BundleError as error:
        reason = error.reason if isinstance(error, BundleDamagedError) else str(error)
        report("refused " + " ".join(reason.split()))
        return _TRANSIENT if isinstance(error, TransientError) else _REFUSED
    return 0


if __name__ == "__main__":
    end_with_parent()
    raise SystemExit(
        _main(Path(sys.argv[1]), sys.argv[2:], lambda line: print(line, flush=True))  # noqa: T201 - its whole output
    )
