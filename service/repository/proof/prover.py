"""Has bundles self-tested in a process of their own, each content once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bundle.bundle import Bundle, open_bundle
from bundle.errors import BundleDamagedError, TransientError
from bundle.proof.selftest import check_apart
from service.repository.proof.findings import Findings

_TOGETHER_MAX = 4  # self-tests at once: each is a process with libraries of its own

# The damaged file, by its place in the bundle, and the reason; empty where all is well.
_Verdict = tuple[str, str]
_SOUND: _Verdict = ("", "")


class Prover:
    """Passes a verdict on every content that is to be loaded."""

    def __init__(self, folder: Path | None = None) -> None:
        self._findings = Findings(folder)
        self._places = threading.BoundedSemaphore(_TOGETHER_MAX)

    def prove(self, bundle: Bundle, names: Sequence[str]) -> None:
        """Raise as `bundle.proof.selftest.check_apart` does, and as `open_bundle` where files have changed.

        May be called from any thread.
        """
        if not names:
            return
        content = [bundle.manifest.model_dump_json(), *names]
        place, reason = self._findings.of(content, partial(self._test, bundle, names))
        if reason:
            raise BundleDamagedError(bundle.folder / place, reason)

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
