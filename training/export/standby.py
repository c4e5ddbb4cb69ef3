"""A converter that stays ready between the trials of a search: it imports TensorFlow once, for seconds.

`Standby` runs it: `python -m training.export.standby`. It reads a line of JSON a folder, and answers as
`training.export.converter` does. Like that one it may die of a conversion; then the next one is started.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from bundle.child import environment

COMMAND = (sys.executable, "-m", "training.export.standby")


class Standby:
    """A `Convert` that keeps its process. Leaving the `with` block ends that.

    A conversion of more than `timeout_s` fails, as does one that ends the process.
    """

    def __init__(self, command: Sequence[str] = COMMAND, timeout_s: float = 300.0) -> None:
        self._command = command
        self._timeout_s = timeout_s
        self._child: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def __call__(
        self, folder: Path, variants: Sequence[str], *, on_done: Callable[[str], None] = lambda variant: None
    ) -> dict[str, str]:
        """Convert `folder/tensorflow` to `folder/VARIANT.tflite`; return why each failed one failed."""
        failures = {}
        for variant in variants:
            try:
                reason = self._convert(folder, variant)
            except BaseException:  # Ctrl-C, most likely: its answer would be taken for the next one's
                self._stop()
                raise
            if reason:
                failures[variant] = reason
            on_done(variant)
        return failures

    def _convert(self, folder: Path, variant: str) -> str:
        """Return why the variant could not be made, or nothing where it was."""
        child = self._child or self._start()
        timer = threading.Timer(self._timeout_s, child.kill)
        timer.daemon = True
        timer.start()
        try:
            return self._ask(child, json.dumps({"folder": str(folder), "variants": [variant]}))
        finally:
            timer.cancel()

    def _ask(self, child: subprocess.Popen[str], request: str) -> str:
        assert child.stdin is not None  # noqa: S101 - it was started with both pipes
        assert child.stdout is not None  # noqa: S101
        with suppress(BrokenPipeError):
            child.stdin.write(request + "\n")
            child.stdin.flush()
        for line in child.stdout:
            word, _, rest = line.rstrip("\n").partition(" ")
            if word == "done":
                return ""
            if word == "failed":
                return rest or "no reason was given"
        self._stop()
        return f"the converter ended with exit code {child.returncode}"

    def _start(self) -> subprocess.Popen[str]:
        self._child = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            errors="replace",
            env=environment(),
            start_new_session=True,  # a Ctrl-C at the terminal is for the search, which then ends this
        )
        return self._child

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            with suppress(BrokenPipeError):
                child.communicate()


def _serve(requests: Iterator[str], report: Callable[[str], None]) -> None:
    from training.export.converter import convert_folder

    for line in requests:
        request = json.loads(line)
        convert_folder(Path(request["folder"]), request["variants"], report)


if __name__ == "__main__":
    _serve(sys.stdin, lambda line: print(line, flush=True))  # noqa: T201 - its whole output
