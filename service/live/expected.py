"""What the manifest says to expect of live shares: they were counted on the test rows."""

from __future__ import annotations

from bundle.manifest import Manifest
from evidence.estimate import Estimate
from evidence.shares import wilson


def agreement(manifest: Manifest, one: str, other: str) -> Estimate | None:
    """Return how often two variants agreed; None unless one is the reference, of which alone it is kept."""
    if manifest.reference not in (one, other):
        return None
    scores = manifest.scores(other if one == manifest.reference else one)
    return None if scores is None else wilson(scores.agreement, scores.rows)


def accuracy(manifest: Manifest, variant: str) -> Estimate | None:
    """Return how often a variant was right; None where there is no such."""
    scores = manifest.scores(variant)
    return None if scores is None else wilson(scores.accuracy, scores.rows)
