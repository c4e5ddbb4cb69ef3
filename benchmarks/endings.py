"""How a program of the benchmarks ends where something goes wrong that may: in a sentence, with a code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import typer

from benchmarks.errors import BenchmarkError
from loadtests.rig import interruption
from loadtests.rig.occupation import InUseError

_NOTHING_LEFT = "interrupted: nothing was reported, and what was started has been stopped"


@contextmanager
def errors_told(out: Path, *others: type[Exception], interrupted: str = _NOTHING_LEFT) -> Iterator[None]:
    """End the program, which writes to the folder `out`, with 2 after a mistake, or as an interruption does.

    `others` are told of as a BenchmarkError is, by their own words. Raises typer.Exit.
    """
    told: tuple[type[Exception], ...] = (BenchmarkError, *others)
    try:
        yield
    except told as error:
        _refuse(str(error))
    except InUseError as error:
        _refuse(f"--out is {str(out)!r}, into which {error} writes; give another folder")
    except OSError as error:  # a disk that is full, for one
        _refuse(f"{error.filename or out}: {error.strerror or error}")
    except KeyboardInterrupt:
        print(interrupted, file=sys.stderr)  # noqa: T201 - what a program says at its end
        raise typer.Exit(interruption.CODE) from None


def _refuse(message: str) -> NoReturn:
    print(f"error: {message}", file=sys.stderr)  # noqa: T201 - what a program says at its end
    raise typer.Exit(2)
