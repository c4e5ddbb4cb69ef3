"""The loads as a table of text, for the terminal, for the Markdown and for the page alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bundle.manifest import REFERENCE
from evidence.estimate import Estimate
from loadtests.experiment.measured import Measured, rate_in_words
from loadtests.experiment.search import Peak
from loadtests.judge.contrast import Contrasts

_ALONE = {REFERENCE: "1"}  # what stands in the column of ratios where there is none
LEFT = {"variant", "note"}  # titles of the columns that hold words


def cells(load: Measured, dominated: Mapping[str, str]) -> dict[str, str]:
    """Return a load's cells by column title; `dominated` maps a variant to one that dominates it."""
    accuracy, effective, contrast = load.accuracy, load.effective_accuracy, load.against_reference
    is_open, is_stream, is_offline = (load.scenario == one for one in ("server", "single_stream", "offline"))
    peak = {"peak req/s": _peak(load)} if is_open else {}
    uncorrected = load.uncorrected.p99_ms.value if load.uncorrected else load.p99_ms
    return {
        "variant": load.variant,
        "rows": str(load.rows_per_request),
        **peak,
        "rows/s": rate_in_words(load.rows_per_s),
        **({"of interpreter": _share(load.offline.share if load.offline else None)} if is_offline else {}),
        "times float32 (95%)": ratio_cell(contrast.throughput) if contrast else _ALONE.get(load.variant, "-"),
        "req/s": rate_in_words(load.requests_per_s),
        "p50 ms": number(load.p50),
        **({"p90 ms": number(load.latency.p90_ms.value if load.latency else None)} if is_stream else {}),
        "p99 ms": number(load.p99),
        **({"uncorrected p99": number(uncorrected)} if is_open else {}),
        "failed": f"{load.failed:,}",
        "accuracy (95%)": (
            f"{accuracy.value:.4f} ({accuracy.low:.4f}-{accuracy.high:.4f})" if accuracy else "-"
        ),
        "effective": f"{effective.value:.4f}" if effective else "-",
        "file KB": f"{load.variant_bytes / 1000:,.0f}",
        "memory MB": f"{load.resident_bytes / 1e6:,.0f}" if load.resident_bytes else "-",
        "idle p50 ms": number(load.unloaded.p50_ms),
        "model": _share(load.unloaded.model_share),
        "note": "; ".join(_notes(load, dominated)),
    }


def ratio_cell(ratio: Estimate | None) -> str:
    """Return `2.70 (2.61-2.79)`; an interval that holds 1 is marked with a tilde: not told apart."""
    if ratio is None:
        return "-"
    if not ratio.is_bounded:
        return f"~ {ratio.value:.2f}"
    return f"{'~ ' if 1 in ratio else ''}{ratio.value:.2f} ({ratio.low:.2f}-{ratio.high:.2f})"


def number(value: float | None) -> str:
    """Return a figure with three digits; a dash where it is not known."""
    return "-" if value is None else f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def _notes(load: Measured, dominated: Mapping[str, str]) -> list[str]:
    notes = [f"VOID ({', '.join(load.void)})"] if load.void else []
    if load.generator_limited and "generator" not in load.void:
        notes.append(f"generator was the limit ({load.generator_cpu:.0%} of its core)")
    if load.variant in dominated:
        notes.append(f"dominated by {dominated[load.variant]}")
    return notes + _notes_of_peak(load.peak)


def _notes_of_peak(peak: Peak | None) -> list[str]:
    if peak is None:
        return []
    if peak.why:
        return [f"no peak: {peak.why}"]
    if all(one.is_proof for one in peak.trials if one.rate == peak.requests_per_s):
        return []
    return ["peak not proven: too slow for requests enough; none was late in those that there were"]


def _peak(load: Measured) -> str:
    if load.peak is None or load.peak.requests_per_s is None:
        return "-"
    sign = "> " if load.peak.limited_by == "generator" else ""
    found = load.peak.held.values()
    ends = f" ({rate_in_words(min(found))}-{rate_in_words(max(found))})" if len(found) > 1 else ""
    told = "" if load.peak.confirmed else f" (confirmed in {len(found)} of {len(load.peak.passes)})"
    return f"{sign}{rate_in_words(load.peak.requests_per_s)}{ends}{told}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def matrix(loads: Sequence[Measured], contrasts: Contrasts) -> list[dict[str, str]]:
    """Return the throughput of each load over that of each other, as lines of cells."""
    return [
        {
            "variant": ours.variant,
            **{
                f"/ {theirs.variant}": ""
                if ours is theirs
                else ratio_cell(contrasts.throughput(ours, theirs))
                for theirs in loads
            },
        }
        for ours in loads
    ]
