"""Has the variants made by another process, and carries on where that process dies."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bundle.child import environment
from bundle.normalizer import FloatArray
from training.errors import ConversionError
from training.export.converter import PROBE

# One child makes all variants in turn: importing TensorFlow takes seconds, a conversion half of one.
CONVERTER = (sys.executable, "-m", "training.export.converter")

_LAST_LINES = 5


@dataclass(frozen=True)
class Probe:
    """What the converter calibrates on and checks with; rows are normalised."""

    calibration: FloatArray  # (n, features)
    rows: FloatArray  # (n, features)
    expected: FloatArray  # (n, classes): what Keras answers to `rows`
    weights: int
    tokens: int = 0
    """Columns at the end of a row that are token ids."""

    @contextmanager
    def in_folder(self, folder: Path) -> Iterator[None]:
        """Lay it where the converter looks for it, and take it away after: it is no part of a bundle."""
        path = folder / PROBE
        np.savez(
            path,
            calibration=self.calibration,
            probe=self.rows,
            expected=self.expected,
            weights=np.int64(self.weights),
            tokens=np.int64(self.tokens),
        )
        try:
            yield
        finally:
            path.unlink()


def convert_all(
    folder: Path,
    variants: Sequence[str],
    *,
    on_done: Callable[[str], None] = lambda variant: None,
    command: Sequence[str] = CONVERTER,
    timeout_s: float = 900.0,
) -> dict[str, str]:
    """Convert `folder/tensorflow` to `folder/VARIANT.tflite`, and return why each failed one failed.

    A converter that dies, or is silent about a variant for `timeout_s`, fails the variant that it was at; a
    new one makes the rest. Raises ConversionError where it dies before it has begun one.
    """
    failures: dict[str, str] = {}
    waiting = list(variants)
    while waiting:
        crash = _run([*command, str(folder), *waiting], waiting, failures, on_done, timeout_s)
        if crash is not None:
            variant = waiting.pop(0)
            failures[variant] = crash
            (folder / f"{variant}.tflite").unlink(missing_ok=True)  # it may have died while writing
    return failures


def _run(
    command: list[str],
    waiting: list[str],
    failures: dict[str, str],
    on_done: Callable[[str], None],
    timeout_s: float,
) -> str | None:
    """Run one converter. Take the variants that it settles from `waiting`; return how it died in the next."""
    begun = False
    with tempfile.TemporaryFile("w+", errors="replace") as noise:
        child = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=noise, text=True, errors="replace", env=environment()
        )
        with child, _Watchdog(child, timeout_s) as watchdog:
            for line in child.stdout or ():
                watchdog.feed()
                word, _, rest = line.rstrip("\n").partition(" ")
                if word == "begin":
                    begun = True
                elif word in ("done", "failed") and waiting:
                    variant = waiting.pop(0)
                    begun = False
                    if word == "failed":
                        failures[variant] = rest
                    on_done(variant)
        if not waiting:
            return None
        noise.seek(0)
        last = " | ".join(noise.read().strip().splitlines()[-_LAST_LINES:])
    ending = _describe_ending(child.returncode, timeout_s if watchdog.bit else None)
    if not begun:
        raise ConversionError(f"the converter {ending} before it had begun: {last or 'it said nothing'}")
    return f"the converter {ending}{': ' + last if last else ''}"


def _describe_ending(code: int, timeout_s: float | None) -> str:
    if timeout_s is not None:
        return f"was stopped after {timeout_s:.0f} s"
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


class _Watchdog:
    """Kills a process that has said nothing for `timeout_s`."""

    def __init__(self, process: subprocess.Popen[str], timeout_s: float) -> None:
        self._process = process
        self._timeout_s = timeout_s
        self._timer = threading.Timer(timeout_s, self._bite)
        self.bit = False

    def feed(self) -> None:
        self._timer.cancel()
        self._timer = threading.Timer(self._timeout_s, self._bite)
        self._timer.daemon = True
        self._timer.start()

    def _bite(self) -> None:
        self.bit = True
        self._process.kill()

    def __enter__(self) -> _Watchdog:
        self.feed()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._process.poll() is None and sys.exc_info()[0] is not None:
            self._process.kill()
