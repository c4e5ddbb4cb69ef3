"""Has the variants made by a process of their own, and carries on where that process dies."""

from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

from bundle.child import started, talking
from bundle.manifest import GraphSpec
from training.errors import ConversionError

COMMAND = (sys.executable, "-m", "training.export.converter")

TIMEOUT_S = 900.0
_LAST_LINES = 5

# Products of numpy's are small here: threads that wait for each other take longer than one.
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}


class _FailedError(Exception):
    """A variant that could not be made, and why."""


@dataclass(frozen=True)
class Outcome:
    """What came of a request for variants."""

    failures: dict[str, str] = field(default_factory=dict)
    """Why each that could not be made could not."""
    graphs: dict[str, GraphSpec] = field(default_factory=dict)
    """How the graph of each that was made wants to be asked."""


def convert_all(
    folder: Path,
    variants: Sequence[str],
    *,
    on_done: Callable[[str], None] = lambda variant: None,
    command: Sequence[str] = COMMAND,
    timeout_s: float = TIMEOUT_S,
) -> Outcome:
    """Do what a `Worker` does, with one that is not kept."""
    with Worker(command, timeout_s) as convert:
        return convert(folder, variants, on_done=on_done)


class Worker:
    """Makes variants by one process: importing TensorFlow takes seconds, and a conversion a fraction of one.

    It is started when it is needed first, and again where it has died; leaving the `with` block ends it. A
    process that dies, or is silent for `timeout_s`, fails the variant that it was at.
    """

    def __init__(self, command: Sequence[str] = COMMAND, timeout_s: float = TIMEOUT_S) -> None:
        self._command = command
        self._timeout_s = timeout_s
        self._running = ExitStack()
        self._child: _Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def __call__(
        self, folder: Path, variants: Sequence[str], *, on_done: Callable[[str], None] = lambda variant: None
    ) -> Outcome:
        """Make each `folder/VARIANT.tflite` of the network in `folder`, with the `Probe` that lies there.

        `on_done` hears of each variant, and, of the one that is searched for, of each step before that.
        Raises ConversionError where the process dies before it has begun a variant; OSError where the folder
        cannot be written.
        """
        outcome = Outcome()
        for variant in variants:
            try:
                outcome.graphs[variant] = self._convert(folder, variant, on_done)
            except _FailedError as error:
                outcome.failures[variant] = str(error)
            except BaseException:  # Ctrl-C, most likely: its answer would be taken for the next one's
                self._stop()
                raise
            on_done(variant)
        return outcome

    def _convert(self, folder: Path, variant: str, on_step: Callable[[str], None]) -> GraphSpec:
        """Return how the variant wants to be asked. Raises _FailedError where it cannot be made."""
        kept, begun, made = self._child is not None, False, None
        child = self._child = self._child or self._running.enter_context(_Child.started(self._command))
        with _Watchdog(child.process.kill, self._timeout_s) as watchdog:
            for word, rest in child.ask(folder, variant, on_step):
                watchdog.feed()
                if word == "begin":
                    begun = True
                elif word == "made":
                    made = GraphSpec.model_validate_json(rest)
                elif word == "done":
                    return GraphSpec.model_validate_json(rest)
                elif word == "failed":
                    raise _FailedError(rest or "no reason was given")
                elif word == "unwritable":  # no fault of the variant, and of no other that follows
                    raise OSError(errno.EIO, rest, str(folder))
            last = child.last_words()
        ending = _describe_ending(child.process.returncode, self._timeout_s if watchdog.bit else None)
        self._stop()
        if made is not None:  # it is sound, and what else was tried of it is not
            return made
        if not begun and kept:  # it was dead already: of nothing that we asked
            return self._convert(folder, variant, on_step)
        if not begun:
            raise ConversionError(f"the converter {ending} before it had begun: {last or 'it said nothing'}")
        (folder / f"{variant}.tflite").unlink(missing_ok=True)  # it may have died while writing
        raise _FailedError(f"the converter {ending}{': ' + last if last else ''}")

    def _stop(self) -> None:
        self._child = None
        self._running.close()


@dataclass(frozen=True)
class _Child:
    """The process, and the file that takes what its libraries write to stderr."""

    process: subprocess.Popen[str]
    noise: IO[str]

    @classmethod
    @contextmanager
    def started(cls, command: Sequence[str]) -> Iterator[Self]:
        with tempfile.TemporaryFile("w+", errors="replace") as noise:
            pipe = subprocess.PIPE
            with started(
                lambda: talking(command, stdin=pipe, noise=noise, variables=_ENVIRONMENT)
            ) as process:
                yield cls(process, noise)

    def ask(self, folder: Path, variant: str, on_step: Callable[[str], None]) -> Iterator[tuple[str, str]]:
        """Send a request, and yield each line that follows: its first word, and the others.

        `on_step` hears of each step, before that is yielded.
        """
        stdin, stdout = cast("IO[str]", self.process.stdin), cast("IO[str]", self.process.stdout)
        with suppress(BrokenPipeError):
            stdin.write(json.dumps({"folder": str(folder), "variant": variant}) + "\n")
            stdin.flush()
        for line in stdout:
            word, _, rest = line.rstrip("\n").partition(" ")
            if word == "step":
                on_step(rest)
            yield word, rest

    def last_words(self) -> str:
        """Wait for its end, and return what it wrote to stderr before it."""
        self.process.wait()
        self.noise.seek(0)
        return " | ".join(self.noise.read().strip().splitlines()[-_LAST_LINES:])


def _describe_ending(code: int, timeout_s: float | None) -> str:
    if timeout_s is not None:
        return f"was stopped after {timeout_s:g} s"
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


class _Watchdog:
    """Kills where it has not been fed for `timeout_s`."""

    def __init__(self, kill: Callable[[], None], timeout_s: float) -> None:
        self._kill = kill
        self._timeout_s = timeout_s
        self._timer = self._new_timer()
        self.bit = False

    def feed(self) -> None:
        self._timer.cancel()
        self._timer = self._new_timer()
        self._timer.start()

    def _new_timer(self) -> threading.Timer:
        timer = threading.Timer(self._timeout_s, self._bite)
        timer.daemon = True
        return timer

    def _bite(self) -> None:
        self.bit = True
        self._kill()

    def __enter__(self) -> _Watchdog:
        self.feed()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
