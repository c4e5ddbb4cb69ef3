"""Has every variant of a bundle answer its test rows once more, to tell what another processor changes."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from bundle.bundle import open_bundle
from bundle.proof.portability import Audit, Here
from bundle.runtimes import open_runtime
from training.errors import OptionError
from training.progress import Progress, Silence
from training.runs.rescore import runnable


def recount(folder: Path, *, progress: Progress | None = None) -> dict[str, Here]:
    """Count what each variant that can run here answers differently from when the bundle was made.

    Raises BundleError, or OptionError where an older release made the bundle.
    """
    progress = progress or Silence()
    bundle = open_bundle(folder)
    audit = Audit.of(bundle)
    if audit is None:
        raise OptionError(
            f"{folder} does not say what its variants answered when they were scored: an older release made "
            "it; without --here its variants are scored anew"
        )
    names = runnable(bundle, progress)
    progress.begin("answering", len(names) * audit.blocks)
    found = {}
    for name in names:
        runtime = open_runtime(bundle, name)
        found[name] = audit.count(name, runtime, tell=partial(progress.advance, name))
    return found
