"""A bundle with a cascade of two of its variants, chosen for a test and certified by nobody."""

from __future__ import annotations

import shutil
from pathlib import Path

from bundle.bundle import Bundle
from bundle.manifest import FILE_NAME, CascadeSpec, Scores
from bundle.runtimes import open_runtime

FIRST, SECOND = "int8", "float32"


def a_cascade(scores: Scores, *, threshold: float = 0.9, escalated: float = 0.25) -> CascadeSpec:
    """Return a cascade of FIRST and SECOND of which so many rows go on, give or take 2 in 100."""
    return CascadeSpec(
        first=FIRST,
        second=SECOND,
        threshold=threshold,
        escalated=escalated,
        escalated_low=max(0.0, escalated - 0.02),
        escalated_high=min(1.0, escalated + 0.02),
        margin=0.01,
        judgement="no worse",
        difference=0.0,
        difference_low=-0.01,
        difference_high=0.01,
        scores=scores,
    )


def bring_with_cascade(bundle: Bundle, folder: Path) -> CascadeSpec:
    """Copy a bundle to a folder, with a cascade by which the least sure quarter of the test rows go on."""
    rows = bundle.test_set()[0]
    largest = open_runtime(bundle, FIRST).predict(rows).max(axis=1)
    threshold = float(sorted(largest)[len(rows) // 4])
    spec = a_cascade(
        bundle.variant(SECOND).scores, threshold=threshold, escalated=float((largest < threshold).mean())
    )
    shutil.copytree(bundle.folder, folder)
    manifest = bundle.manifest.model_copy(update={"cascade": spec})
    (folder / FILE_NAME).write_text(manifest.model_dump_json(), encoding="utf-8")
    return spec
