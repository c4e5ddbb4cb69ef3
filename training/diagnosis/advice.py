"""From what is wrong with a variant to what to try. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from evidence.paired import Pairs, judge
from training.diagnosis.findings import Cause, Finding
from training.diagnosis.remedies import finer_activations, finer_weights, hardly_rounded, with_own_ranges
from training.precisions import graph_of, precision_of

_ADVICE: dict[Cause, str] = {
    "one scale for all features": (
        "Put features on one scale in float, before the graph (`--normalize standardize` or `minmax`), and "
        "tame those with rare, huge values by a logarithm: one of them takes the steps of all."
    ),
    "heavy tails": (
        "Take the logarithm of the features with heavy tails, or cap them, before you train: their rare and "
        "huge values take the steps of all."
    ),
    "rows beyond the calibration": (
        "Train again on data that has rows like these, from which the calibration sample is drawn; and ask "
        "whether the model was ever meant for them."
    ),
    "saturated input": (
        "Calibrate with rows that reach as far as those served: train again on data that has them."
    ),
    "saturated activations": "Calibrate with rows that drive these layers as far.",
    "coarse weights": (
        "Keep outliers out of the weights: clip them, or train with weight decay or a smaller learning rate; "
        "drop features that are nearly always constant."
    ),
    "noisy layer": (
        "Make the layer wider, so that noise averages out, or narrower in range: one unit that is far larger "
        "than the others takes their steps."
    ),
}
_NO_LAYER = "Train a wider model: no single layer is to blame, and the noise of many adds up."


def advise(
    variant: str, pairs: Pairs, margin: float, findings: Sequence[Finding], names: Sequence[str]
) -> tuple[str, ...]:
    """Return what to try, most promising first; never nothing. `names` are all variants."""
    verdict = judge(pairs, margin)
    if verdict.judgement == "no worse":
        return (f"Nothing: `{variant}` is no worse than the reference at a margin of {margin:g}.",)
    served = _served(variant, names)
    tries = list(advise_against(variant, findings, names))
    if verdict.judgement == "not enough rows to tell":
        more = "" if verdict.rows_needed is None else f", about {verdict.rows_needed:,},"
        tries.append(f"Give more rows{more} by `--data`: with these, nobody can tell whether it lost at all.")
    elif not tries:
        tries.append(_with(hardly_rounded() | with_own_ranges(), served, _NO_LAYER))
    return tuple(tries)


def advise_against(variant: str, findings: Sequence[Finding], names: Sequence[str]) -> tuple[str, ...]:
    """Return what to try against each cause that was found, once; `names` are all variants."""
    causes = dict.fromkeys(finding.cause for finding in findings)
    precision, served = precision_of(variant), _served(variant, names)
    return tuple(_with(_remedies(cause, precision), served, _ADVICE[cause]) for cause in causes)


def _served(variant: str, names: Sequence[str]) -> dict[str, str]:
    """Return the other variants of the same graph, at its width, by their precision."""
    others = [name for name in names if name != variant and graph_of(name) == graph_of(variant)]
    return {precision_of(name): name for name in others}


def _remedies(cause: Cause, precision: str) -> dict[str, str]:
    """Return the precisions that do not suffer from a cause, each with why, most promising first."""
    if cause in ("saturated activations", "heavy tails"):
        return with_own_ranges()
    if cause not in ("coarse weights", "noisy layer"):
        return {}
    finer = finer_weights(precision)  # than 4 bits; the weights of all others have 8 alike
    if not finer and cause == "noisy layer":
        finer = finer_activations()
    return finer | hardly_rounded()


def _with(remedies: dict[str, str], served: dict[str, str], advice: str) -> str:
    """Put before an advice which variants could be served instead, of those there are."""
    known = [f"`{served[name]}`, {why}" for name, why in remedies.items() if name in served]
    return f"Serve {', or '.join(known)}. Or: {advice[0].lower()}{advice[1:]}" if known else advice
