"""Why a variant that was asked for is not in its bundle: what was written down then, and what rows tell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bundle.bundle import Bundle, open_bundle
from bundle.normalizer import FloatArray
from training.config import DataConfig
from training.data.rescoring import rows_to_score
from training.diagnosis.advice import advise_against
from training.diagnosis.findings import Finding
from training.evaluation.tails import Tails, describe_tails, find_tails
from training.precisions import BY_NAME, FLOAT_BITS, precision_of
from training.progress import Progress, Silence

_OTHERWISE = "Serve one that could be made, or change the model: nothing about its rows stands out."


@dataclass(frozen=True)
class LeftOut:
    """What `diagnose` tells of a variant that there is not."""

    variant: str
    reason: str
    findings: tuple[Finding, ...]
    advice: tuple[str, ...]


def explain_left_out(
    folder: Path, variant: str, *, config: DataConfig | None = None, progress: Progress | None = None
) -> LeftOut | None:
    """Say why `variant` is not in the bundle in `folder`; None where it is, or nobody asked for it.

    The rows that it would have written down are the bundle's test rows, or those of `config`. Raises
    BundleError and DataError.
    """
    bundle = open_bundle(folder)
    reason = bundle.manifest.left_out.get(variant)
    if reason is None:
        return None
    rows, _ = rows_to_score(bundle, config, progress or Silence())
    tails, spec = _tails(bundle, variant, rows), bundle.manifest.input
    findings = () if tails is None else (Finding("heavy tails", describe_tails(tails, spec)),)
    names = [one.name for one in bundle.manifest.variants]
    return LeftOut(variant, reason, findings, advise_against(variant, findings, names) or (_OTHERWISE,))


def _tails(bundle: Bundle, variant: str, rows: FloatArray) -> Tails | None:
    """Look at raw `rows`, (n, features), as the variant would have written them down."""
    spec, precision = bundle.manifest.input, BY_NAME.get(precision_of(variant))
    if precision is None or precision.activation_bits == FLOAT_BITS or spec.tokens:
        return None
    normalized = bundle.manifest.normalizer.build(spec.features).apply(rows)
    return find_tails(normalized.reshape(-1, spec.channels), precision.activation_bits)
