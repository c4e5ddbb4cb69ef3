"""The results as a table of text, for the terminal and for the report alike."""

from __future__ import annotations

from collections.abc import Mapping

from loadtests.result import Result

GENERATOR_LIMIT = "generator was the limit"


def cells(result: Result, dominated: Mapping[str, str]) -> dict[str, str]:
    """Return a result's cells by column title; `dominated` maps a variant to one that dominates it."""
    summary, accuracy = result.summary, result.summary.accuracy
    notes = []
    if result.generator_limited:
        notes.append(f"{GENERATOR_LIMIT} ({summary.generator_cpu:.0%} of its core)")
    if result.variant in dominated:
        notes.append(f"dominated by {dominated[result.variant]}")
    return {
        "variant": result.variant,
        "rows": str(result.rows),
        "rows/s": f"{summary.rows_per_s:,.0f}",
        "req/s": f"{summary.requests_per_s:,.0f}",
        "p50 ms": _number(summary.p50_ms),
        "p95 ms": _number(summary.p95_ms),
        "p99 ms": _number(summary.p99_ms),
        "failed": str(summary.failed),
        "accuracy (95%)": (
            f"{accuracy.value:.4f} ({accuracy.low:.4f}-{accuracy.high:.4f})" if accuracy else "-"
        ),
        "KB": f"{result.bytes / 1000:,.0f}",
        "MB": f"{result.resident_bytes / 1e6:,.0f}" if result.resident_bytes else "-",
        "idle p50 ms": _number(result.unloaded.p50_ms),
        "model": _share(result.unloaded.model_share),
        "note": "; ".join(notes),
    }


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
