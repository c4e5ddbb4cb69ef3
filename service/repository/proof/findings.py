"""What was found of a content: looked for once, whichever worker of a service asks first."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # not a POSIX system: there each worker finds out for itself
    fcntl = None  # type: ignore[assignment]

FINDINGS_VARIABLE = "SELFTEST_VERDICTS_DIR"
"""Names the folder in which the workers of a service tell each other what they found."""


class Findings:
    """Remembers what was found by the hash of all that matters: the same content, the same finding."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._found: dict[str, Any] = {}

    def of(self, content: Sequence[str], find: Callable[[], Any]) -> Any:
        """Return what `find` returns for this content, as JSON has it: found now, before, or by another.

        Raises what `find` raises, of which nothing is remembered. May be called from any thread.
        """
        key = hashlib.sha256(json.dumps(content).encode()).hexdigest()
        if key not in self._found:
            self._found[key] = self._of_all_workers(key, find)
        return self._found[key]

    def _of_all_workers(self, key: str, find: Callable[[], Any]) -> Any:
        if self._folder is None or fcntl is None:
            return json.loads(json.dumps(find()))
        with _alone(self._folder / f"{key}.lock"):
            path = self._folder / f"{key}.json"
            with suppress(OSError, ValueError):
                return json.loads(path.read_text(encoding="utf-8"))
            text = json.dumps(find())
            with suppress(OSError):  # without it, the next one finds out for itself
                path.write_text(text, encoding="utf-8")
            return json.loads(text)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait for whoever holds the lock, which goes with its process; do without where none can be had."""
    try:
        stream = path.open("w")
    except OSError:
        yield
        return
    with stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
