"""Proves a bundle before it is trusted: every variant must give the answers that were written down for it.

A `.tflite` file that was tampered with can crash the process that opens it, whatever that process catches. So
`check_apart` first does it in a process of its own: `python -m bundle.selftest FOLDER`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bundle.bundle import Bundle, open_bundle
from bundle.child import environment
from bundle.errors import BundleDamagedError, BundleError
from bundle.runtimes import Runtime, is_available, open_runtime
from bundle.runtimes.base import BATCH_MAX

# The answers were written down by another machine. Kernels differ between processors in the last bits, and a
# quantised graph turns one of those into a step of 1/256 of its output; a few such steps are no damage.
TOLERANCE = 0.02


def check(bundle: Bundle, name: str, runtime: Runtime) -> None:
    """Raise BundleDamagedError where the variant's answers, in any size of batch, are not the golden ones.

    A runtime that has passed is warm: every batch size has been prepared and run.
    """
    rows, expected = bundle.golden(name)
    every_size = 2 * BATCH_MAX - 1  # cut into one batch of each size
    rows = np.resize(rows, (every_size, rows.shape[1]))
    expected = np.resize(expected, (every_size, expected.shape[1]))
    path = bundle.path(bundle.variant(name).files[0])
    answers = runtime.predict(rows)
    if not np.isfinite(answers).all():
        raise BundleDamagedError(path, "answers numbers that are not finite")
    worst = float(np.abs(answers - expected).max())
    if worst > TOLERANCE:
        raise BundleDamagedError(
            path, f"answers {worst:.3g} away from its golden answers; {TOLERANCE} is allowed"
        )


def check_apart(bundle: Bundle, *, timeout_s: float = 120.0) -> None:
    """Check every LiteRT variant in another process, which may die of it.

    Raises BundleDamagedError, naming the variant's file, where an answer is wrong, or where the other process
    crashed or did not end in time.
    """
    command = [sys.executable, "-m", "bundle.selftest", str(bundle.folder)]
    try:
        child = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_s, env=environment(), check=False
        )
        output, ending = child.stdout, f"crashed the runtime (exit code {child.returncode})"
        if child.returncode == 0:
            return
    except subprocess.TimeoutExpired as error:
        output = (error.stdout or b"").decode() if isinstance(error.stdout, bytes) else error.stdout or ""
        ending = f"did not end its self-test within {timeout_s:.0f} s"
    started = [line.removeprefix("try ") for line in output.splitlines() if line.startswith("try ")]
    refused = [line.removeprefix("refused ") for line in output.splitlines() if line.startswith("refused ")]
    path = bundle.path(bundle.variant(started[-1]).files[0]) if started else bundle.folder
    raise BundleDamagedError(path, refused[-1] if refused else ending)


def _main(folder: Path, report: Callable[[str], None]) -> int:
    try:
        bundle = open_bundle(folder)
        for variant in bundle.manifest.variants:
            if variant.format == "tflite" and is_available(variant):
                report(f"try {variant.name}")
                check(bundle, variant.name, open_runtime(bundle, variant.name))
    except BundleDamagedError as error:
        report(f"refused {error.reason}")
        return 1
    except BundleError as error:
        report(f"refused {error}")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(_main(Path(sys.argv[1]), lambda line: print(line, flush=True)))  # noqa: T201 - its whole output
