"""What the user sees while a job runs: progress and warnings on stderr, and no noise of libraries."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as Bars
from rich.table import Column
from rich.text import Text

from bundle.errors import BundleError
from training.cli.endings import Stopped
from training.errors import TrainingError

_NOISE_SHOWN_BYTES = 4000
_OTHERS_COLUMNS = (
    76  # what a line of progress has beside its bar: stage, steps, time, and the note of an epoch
)


@contextmanager
def native_noise_kept_aside() -> Iterator[TextIO]:
    """Give the user's stderr, while what native libraries write to descriptor 2 goes to a file.

    TensorFlow and LiteRT greet there, whatever the log level. Python's own `sys.stderr` still reaches the
    user. Where the block ends in an error that nobody expected, the end of the noise is shown after all.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as noise, os.fdopen(kept, "w", encoding="utf-8", closefd=True) as terminal:
        os.dup2(noise.fileno(), 2)
        try:
            with redirect_stderr(terminal):
                yield terminal
        except (TrainingError, BundleError, OSError, MemoryError, KeyboardInterrupt, Stopped):
            raise
        except BaseException:
            noise.seek(max(0, noise.seek(0, os.SEEK_END) - _NOISE_SHOWN_BYTES))
            terminal.write(noise.read().decode(errors="replace"))
            raise
        finally:
            terminal.flush()
            os.dup2(kept, 2)


class _NoteColumn(ProgressColumn):
    """What can be said of a step, on one line, as far as there is room."""

    def render(self, task: Task) -> Text:
        return Text(task.fields["note"], no_wrap=True, overflow="ellipsis")


class BarProgress:
    """A `Progress` that draws one bar a stage, and leaves the finished ones standing."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream)
        whole = [
            Column(no_wrap=True) for _ in range(4)
        ]  # where there is no room, the note is cut, and no time
        self._bars = Bars(
            TextColumn("{task.description:<20}", table_column=whole[0]),
            BarColumn(max(4, min(30, self._console.width - _OTHERS_COLUMNS)), table_column=whole[1]),
            MofNCompleteColumn(table_column=whole[2]),
            TimeElapsedColumn(table_column=whole[3]),
            _NoteColumn(),
            console=self._console,
        )
        self._current: TaskID | None = None

    def __enter__(self) -> BarProgress:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._finish()
            self._bars.stop()
        else:
            self._bars.live.transient = True  # what went wrong is told in one line, without bars
            self._bars.live.stop()  # `Progress.stop` would leave an empty line in a log

    def begin(self, stage: str, steps: int) -> None:
        self._finish()
        self._current = self._bars.add_task(stage, total=steps, note="")

    def advance(self, note: str = "") -> None:
        if self._current is not None:
            self._bars.update(self._current, advance=1, note=note)

    def tell(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def warn(self, message: str) -> None:
        self._console.print(f"warning: {message}", markup=False, highlight=False, soft_wrap=True)

    def _finish(self) -> None:
        """Show a stage as done that ended before its last step, as early stopping does."""
        if self._current is not None:
            task = self._bars.tasks[self._current]
            self._bars.update(self._current, total=task.completed)
            self._bars.stop_task(self._current)
