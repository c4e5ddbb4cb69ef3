"""Has bundles self-tested in a process of their own: each content once, whichever worker asks first."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bundle.bundle import Bundle, open_bundle
from bundle.errors import BundleDamagedError, TransientError
from bundle.selftest import check_apart

try:
    import fcntl
except ImportError:  # not a POSIX system: there each worker finds out for itself
    fcntl = None  # type: ignore[assignment]

VERDICTS_VARIABLE = "SELFTEST_VERDICTS_DIR"
"""Names the folder in which the workers of a service tell each other what they found."""

_TOGETHER_MAX = 4  # self-tests at once: each is a process with libraries of its own

_Verdict = tuple[
    str, str
]  # the damaged file, by its place in the bundle, and the reason; empty where all is well
_SOUND: _Verdict = ("", "")


class Prover:
    """Remembers what was found by the hashes of all that matters: the same content has the same verdict."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._found: dict[str, _Verdict] = {}
        self._places = threading.BoundedSemaphore(_TOGETHER_MAX)

    def prove(self, bundle: Bundle, names: Sequence[str]) -> None:
        """Raise as `bundle.selftest.check_apart` does, and as `open_bundle` where files have changed since.

        May be called from any thread.
        """
        if not names:
            return
        said = json.dumps([bundle.manifest.model_dump_json(), *names])
        key = hashlib.sha256(said.encode()).hexdigest()
        verdict = self._found.get(key) or self._of_all_workers(key, bundle, names)
        self._found[key] = verdict
        place, reason = verdict
        if reason:
            raise BundleDamagedError(bundle.folder / place, reason)

    def _of_all_workers(self, key: str, bundle: Bundle, names: Sequence[str]) -> _Verdict:
        if self._folder is None or fcntl is None:
            return self._test(bundle, names)
        with _alone(self._folder / f"{key}.lock"):
            path = self._folder / f"{key}.json"
            with suppress(OSError, ValueError):
                place, reason = json.loads(path.read_text(encoding="utf-8"))
                return place, reason
            verdict = self._test(bundle, names)
            with suppress(OSError):  # without it, the next one finds out for itself
                path.write_text(json.dumps(verdict), encoding="utf-8")
            return verdict

    def _test(self, bundle: Bundle, names: Sequence[str]) -> _Verdict:
        try:
            with self._places:
                check_apart(bundle, names)
        except TransientError:
            raise
        except BundleDamagedError as error:
            _require_unchanged(bundle)
            return error.path.relative_to(bundle.folder).as_posix(), error.reason
        return _SOUND


def _require_unchanged(bundle: Bundle) -> None:
    """Raise as `open_bundle` does where the files are not those of `bundle` any more, and TransientError."""
    if open_bundle(bundle.folder, held_out=False).manifest != bundle.manifest:
        raise TransientError(bundle.folder, "was replaced while it was self-tested")


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
