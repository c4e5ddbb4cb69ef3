"""Looks at a model's `policy.toml`, which may be on its way: it is taken when it was still for a while."""

from __future__ import annotations

import stat
from dataclasses import dataclass, replace
from pathlib import Path

from service.repository.policy.document import PolicyError, Words, read
from service.repository.settling import SETTLE_S

FILE_NAME = "policy.toml"
BYTES_MAX = 65536

Mark = tuple[int, ...]
"""What a file looks like from outside; it changes whenever it is written anew. Empty where there is none."""


@dataclass(frozen=True)
class Seen:
    """What was seen of a file so far."""

    mark: Mark = ()
    since: float = 0.0
    """When it came to look like that."""
    taken: Mark | None = ()
    """What it looked like when it was taken; None where that failed, and may go better."""
    words: Words | None = None
    """What it said when it was last right; None where there is none."""
    problem: str | None = None
    """What is wrong with it."""

    @property
    def is_settled(self) -> bool:
        """Whether another look would tell nothing new, as long as nothing changes on disk."""
        return self.taken == self.mark


def look(path: Path, seen: Seen, now: float, wall: float) -> Seen:
    """Return what is to be seen of a file `now`; `wall` is the same time by the clock that files have.

    Where the folder is gone as well, that may be a disk that was taken away: nothing has changed.
    """
    try:
        mark = _mark(path)
        if not mark and seen.mark and not path.parent.is_dir():
            return seen
        if mark != seen.mark:
            age = min(max(0.0, wall - mark[1] / 1e9), SETTLE_S) if mark else 0.0
            seen = replace(seen, mark=mark, since=now - age)
        if seen.is_settled or now < seen.since + SETTLE_S:
            return seen
        words = read(_content(path)) if mark else None
        return replace(seen, taken=mark, words=words, problem=None) if _mark(path) == mark else seen
    except PolicyError as error:
        return replace(seen, taken=seen.mark, problem=str(error))
    except OSError as error:
        return replace(seen, taken=None, problem=f"it cannot be read ({error.strerror})")


def _mark(path: Path) -> Mark:
    """Return what a file looks like, the time when it was written second. Raises OSError."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size


def _content(path: Path) -> bytes:
    """Return what is in a file. Raises OSError, and PolicyError where it can be none of ours."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise PolicyError("it is not a file")
    with path.open("rb") as stream:
        content = stream.read(BYTES_MAX + 1)
    if len(content) > BYTES_MAX:
        raise PolicyError(f"it has more than {BYTES_MAX} bytes")
    return content
