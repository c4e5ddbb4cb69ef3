"""Lets one process at a time go on with a study: two would take each other's trials for abandoned ones."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import IO

from training.errors import OptionError

_SQLITE = "sqlite:///"


@contextmanager
def sole_user(place: str | None, name: str) -> Iterator[None]:
    """Keep the study `name` at `place`, as `--study` gives it, from other processes of this machine.

    Raises OptionError where one of them has it. A process that dies gives it back.
    """
    file = None if place is None else _file_of(place, name)
    if file is None:
        yield
        return
    with _locked(file, place):
        try:
            yield
        finally:
            file.unlink(missing_ok=True)  # while it is ours, so that whoever waits for it sees that


@contextmanager
def _locked(file: Path, place: str | None) -> Iterator[None]:
    try:
        lock = file.open("a+", encoding="utf-8")
    except OSError as error:
        raise OptionError(f"--study was given {place!r}, which cannot be used ({error.strerror})") from error
    with lock:
        if not _take(lock) or not _is_still(file, lock):
            lock.seek(0)
            raise OptionError(
                f"--study {place} is in use by another search (process {lock.read().strip() or 'unknown'}); "
                "wait for its end, or name another study"
            )
        lock.truncate(0)  # of one that was killed
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _take(lock: IO[str]) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows, where nobody is kept away
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(file: Path, lock: IO[str]) -> bool:
    """Tell whether the file that is locked is the one that others would lock, and not one just deleted."""
    with suppress(FileNotFoundError):
        return file.stat().st_ino == os.fstat(lock.fileno()).st_ino
    return False


def _file_of(place: str, name: str) -> Path | None:
    """Return the file to lock: beside a file of SQLite, else in the folder of temporary files."""
    if place.startswith("sqlite:"):
        path = place.removeprefix(_SQLITE).partition("?")[0]
        if not place.startswith(_SQLITE) or path in ("", ":memory:"):
            return None
        database = Path(path).resolve()
        return database.with_name(f"{database.name}.{name}.lock") if database.parent.is_dir() else None
    digest = sha256(f"{place} {name}".encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"precision-ladder-{digest}.lock"
