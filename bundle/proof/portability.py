"""Counts the test rows that this processor answers differently from the one on which they were scored.

Kernels of integers differ between processors with and without some instructions, and with them an answer that
was close. Beside a service, a process of its own counts in the time that nobody else wants:
`python -m bundle.proof.portability FOLDER SECONDS VARIANT ...`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path

import numpy as np

from bundle.bundle import Bundle, Predictions, open_bundle
from bundle.errors import BundleDamagedError, BundleError, TransientError
from bundle.normalizer import FloatArray
from bundle.proof.apart import end_with_parent, run_apart
from bundle.proof.selftest import answers
from bundle.runtimes import Runtime, open_runtime
from bundle.runtimes.base import BATCH_MAX

_PROGRAM = "bundle.proof.portability"
_SILENCE_S = 3600.0  # between two variants: a busy machine is seldom idle, and there is no hurry
_SAID, _REFUSED = "here ", "refused "


@dataclass(frozen=True)
class Here:
    """How this processor answers test rows, beside what the variant answered when it was scored."""

    rows: int
    """That were counted."""
    of: int
    """That there are."""
    different: int
    """To which the class here is another one."""
    right_then: int
    right_here: int


class Audit:
    """The test rows of a bundle, and what its variants answered when they were scored."""

    def __init__(self, bundle: Bundle, kept: Predictions) -> None:
        self._bundle = bundle
        self._kept = kept
        self._rows: FloatArray = bundle.test_set()[0]

    @classmethod
    def of(cls, bundle: Bundle) -> Audit | None:
        """Return the audit of a bundle; None where an older release made it, and kept no answers.

        Raises BundleDamagedError.
        """
        kept = bundle.predictions()
        return None if kept is None else cls(bundle, kept)

    @property
    def blocks(self) -> int:
        """How many parts of the rows are answered one after another."""
        return -(-len(self._rows) // BATCH_MAX)

    def count(
        self,
        name: str,
        runtime: Runtime,
        *,
        budget_s: float = inf,
        clock: Callable[[], float] = time.process_time,
        tell: Callable[[], object] = lambda: None,
    ) -> Here:
        """Have a variant answer the rows, in blocks drawn at random until `budget_s` has gone; one at least.

        `tell` hears of each block. Rows share a batch with those that they shared it with when they were
        scored: what differs is the processor's doing. Raises BundleDamagedError where the variant fails.
        """
        path = self._bundle.path(self._bundle.variant(name).files[0])
        counted = np.zeros(len(self._rows), bool)
        here = np.zeros(len(self._rows), np.int64)
        begun = clock()
        for block in np.random.default_rng(0).permutation(self.blocks):
            rows = slice(block * BATCH_MAX, (block + 1) * BATCH_MAX)
            here[rows] = answers(path, runtime, self._rows[rows]).argmax(axis=1)
            counted[rows] = True
            tell()
            if clock() - begun >= budget_s:
                break
        then, labels = self._kept.test[name][counted], self._kept.test_labels[counted]
        return Here(
            rows=int(counted.sum()),
            of=len(counted),
            different=int((here[counted] != then).sum()),
            right_then=int((then == labels).sum()),
            right_here=int((here[counted] == labels).sum()),
        )


def count_apart(bundle: Bundle, names: Sequence[str], *, budget_s: float) -> dict[str, Here]:
    """Count for each of these variants, in a process that takes what processor time nobody else wants.

    Each gets `budget_s` seconds of it. What was found until that process ended, however it did, is returned.
    Raises TransientError where it cannot be started, and BundleDamagedError where it refused the bundle.
    """
    arguments = [str(bundle.folder), str(budget_s), *names]
    try:
        lines, _ = run_apart(_PROGRAM, arguments, silence_s=_SILENCE_S, idle=True)
    except OSError as error:
        raise TransientError(bundle.folder, f"cannot be audited now ({error.strerror})") from error
    said = [json.loads(line.removeprefix(_SAID)) for line in lines if line.startswith(_SAID)]
    refused = [line.removeprefix(_REFUSED) for line in lines if line.startswith(_REFUSED)]
    if refused and not said:
        raise BundleDamagedError(bundle.folder, refused[0])
    return {name: Here(**fields) for name, fields in said}


def _main(folder: Path, budget_s: float, names: Sequence[str], report: Callable[[str], None]) -> int:
    try:
        bundle = open_bundle(folder, held_out=False)
        audit = Audit.of(bundle)
        if audit is None:
            return 0
        for name in names:
            here = audit.count(name, open_runtime(bundle, name), budget_s=budget_s)
            report(_SAID + json.dumps([name, asdict(here)]))
    except BundleError as error:
        report(_REFUSED + " ".join(str(error).split()))
        return 1
    return 0


if __name__ == "__main__":
    end_with_parent()
    raise SystemExit(
        _main(
            Path(sys.argv[1]),
            float(sys.argv[2]),
            sys.argv[3:],
            lambda line: print(line, flush=True),  # noqa: T201 - its whole output
        )
    )
