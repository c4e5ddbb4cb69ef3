"""Times a bundle in a process of its own, where every runtime has one thread.

TensorFlow takes once, for a whole process, as many threads as it is told, and keeps every core where it has
trained: timed there, it would be compared with what runs on one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bundle.bundle import Bundle, open_bundle
from bundle.child import environment
from bundle.normalizer import FloatArray
from bundle.runtimes import Runtime, is_available, open_runtime
from training.errors import TimingError
from training.evaluation.timing import TIMED_BATCHES, Timing, Timings, time_runtimes

COMMAND = (sys.executable, "-m", "training.evaluation.stopwatch")


def time_variants(bundle: Bundle, runtimes: Mapping[str, Runtime], x: FloatArray) -> dict[str, Timings]:
    """Time the open variants of a bundle on rows of `x`, each on one thread; in another process if need be.

    Raises TimingError where that one failed.
    """
    if any(bundle.variant(name).format == "saved_model" for name in runtimes) and not _is_bound():
        return time_apart(bundle.folder)
    return time_runtimes(runtimes, x)


def time_apart(folder: Path, *, command: Sequence[str] = COMMAND) -> dict[str, Timings]:
    """Time every variant of the bundle in `folder` on its test rows. Raises TimingError."""
    done = subprocess.run([*command, folder], env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise TimingError(f"variants could not be timed: {said[-1] if said else done.returncode}")
    found = json.loads(done.stdout.splitlines()[-1])
    return {
        name: {int(batch): Timing(tuple(rounds)) for batch, rounds in times.items()}
        for name, times in found.items()
    }


def _is_bound() -> bool:
    """Tell whether TensorFlow has one thread here."""
    from bundle.runtimes.tensorflow import import_tensorflow

    threading = import_tensorflow().config.threading
    threads = threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads()
    return bool(threads == (1, 1))


def _main(folder: Path) -> None:
    bundle = open_bundle(folder)
    names = [variant.name for variant in bundle.manifest.variants if is_available(variant)]
    runtimes = {name: open_runtime(bundle, name) for name in names}
    times = time_runtimes(runtimes, bundle.test_set()[0][: max(TIMED_BATCHES)])
    rounds = {name: {batch: one.rounds for batch, one in of.items()} for name, of in times.items()}
    sys.stdout.write(f"{json.dumps(rounds)}\n")


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
