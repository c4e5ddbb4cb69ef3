"""The loads as a table of text, for the terminal, for the Markdown and for the page alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bundle.manifest import REFERENCE
from evidence.estimate import Estimate
from evidence.paired import Yardstick
from loadtests.experiment.measured import Measured, rate_in_words
from loadtests.experiment.peak.search import Peak
from loadtests.experiment.rounds.schedule import ANSWERS_ENOUGH
from loadtests.judge.answer import falls_short
from loadtests.judge.certificate import Certificate
from loadtests.judge.contrast import PEAK as SOUGHT
from loadtests.judge.document import Document
from loadtests.workload import scenarios

_ALONE = "1"  # what stands in the column of ratios of the reference itself
_USUAL = Yardstick(REFERENCE)
LEFT = {"variant", "system", "grade", "note"}  # titles of the columns that hold words
COST, COST_RATIO = "rows/core-s", "/core-s x"
SPEED, SPEED_RATIO = "rows/s", "/s x"
P50, P50_RATIO = "p50 ms", "p50 x"
P99, P99_RATIO = "p99 ms", "p99 x"
GOODPUT, GOODPUT_RATIO = "goodput/s", "goodput x"
PEAK, PEAK_RATIO = "peak req/s", "peak x"
DIFFERENCE = "points"
_RATIOS = (COST_RATIO, SPEED_RATIO, P50_RATIO, P99_RATIO, GOODPUT_RATIO, PEAK_RATIO)
_DECIDING = {  # the columns of a figure by which variants are told apart
    scenarios.COST: (COST, COST_RATIO),
    scenarios.THROUGHPUT: (SPEED, SPEED_RATIO),
    scenarios.P50: (P50, P50_RATIO),
    scenarios.P99: (P99, P99_RATIO),
    scenarios.GOODPUT: (GOODPUT, GOODPUT_RATIO),
    SOUGHT: (PEAK, PEAK_RATIO),
}
_BESIDE = (PEAK, PEAK_RATIO, COST, COST_RATIO, SPEED, SPEED_RATIO)  # shown where they do not decide as well
_MEANINGS = {
    COST: "rows that a second of the service's processor time buys",
    GOODPUT: "requests a second answered as promised and in time",
}


def lines(document: Document) -> list[dict[str, str]]:
    """Return the cells of every load by column title, without the columns in which nothing is known.

    What decided comes first.
    """
    verdict = document.verdict
    found = [
        cells(load, verdict.dominated, verdict.certificates, verdict.figures, document.yardstick)
        for load in document.results
    ]
    kept = [
        title
        for title in found[0]
        if title == "note" or {line[title] for line in found} - ({"-", "1"} if title in _RATIOS else {"-"})
    ]
    return [{title: line[title] for title in kept} for line in found]


def deciding(document: Document) -> list[str]:
    """Return the titles of what a choice is made by, that which counts first: figures, ratios, accuracy."""
    return [*_columns(document.verdict.figures), DIFFERENCE]


def legend(titles: Iterable[str], yardstick: Yardstick = _USUAL) -> str:
    """Return what the columns with these titles are, as far as the titles do not say."""
    shown = list(titles)
    less = f"that of {yardstick.reference}" if yardstick.is_labelled else "1"
    meanings = {**_MEANINGS, DIFFERENCE: f"{yardstick.figure} less {less}, in hundredths"}
    told = [f"{title}: {meaning}" for title, meaning in meanings.items() if title in shown]
    times = [f"x: so many times that of {yardstick.reference}"] if {*_RATIOS} & {*shown} else []
    return "; ".join([*told, *times, "in brackets 95% intervals; ~ is not told apart"])


def cells(
    load: Measured,
    dominated: Mapping[str, str],
    certificates: Mapping[str, Certificate] | None = None,
    figures: Sequence[str] = (scenarios.COST, scenarios.THROUGHPUT),
    yardstick: Yardstick = _USUAL,
) -> dict[str, str]:
    """Return a load's cells by column title; `dominated` maps a variant to one that dominates it.

    `figures` are those by which variants are told apart, `yardstick` is what they are held to.
    """
    certificate = (certificates or {}).get(load.variant)
    is_open, is_stream, is_offline = (load.scenario == one for one in ("server", "single_stream", "offline"))
    accuracy, effective = load.accuracy, load.effective_accuracy
    uncorrected = load.uncorrected.p99_ms.value if load.uncorrected else load.p99_ms
    return {
        yardstick.noun: load.variant,
        "rows": str(load.rows_per_request),
        **_contrasts(load, figures, is_reference=load.variant == yardstick.reference),
        **({"of interpreter": share(load.offline.share if load.offline else None)} if is_offline else {}),
        "req/s": rate_in_words(load.requests_per_s) if load.requests else "-",
        P50: number(load.p50),
        **({"p90 ms": number(load.latency.p90_ms.value if load.latency else None)} if is_stream else {}),
        P99: number(load.p99),
        **({"uncorrected p99": number(uncorrected)} if is_open else {}),
        "failed": f"{load.failed:,}",
        title_of_accuracy(yardstick.figure): (
            f"{accuracy.value:.4f} ({accuracy.low:.4f}-{accuracy.high:.4f})" if accuracy else "-"
        ),
        "effective": f"{effective.value:.4f}" if effective else "-",
        "file KB": f"{load.variant_bytes / 1000:,.0f}" if load.variant_bytes else "-",
        "memory MB": f"{load.resident_bytes / 1e6:,.0f}" if load.resident_bytes else "-",
        "idle p50 ms": number(load.unloaded.p50_ms),
        "model": share(load.unloaded.model_share),
        "grade": load.grade.word if load.grade else "-",
        "note": "; ".join([*_notes(load), *_notes_of_choice(load, dominated, certificate, yardstick)]),
    }


def title_of_accuracy(figure: str) -> str:
    """Return the title of the column of live accuracy, or of the agreement that stands for it."""
    return f"{figure} (95%)"


def _contrasts(load: Measured, figures: Sequence[str], *, is_reference: bool) -> dict[str, str]:
    """Return what decides, the accuracy, and what is told beside it."""
    against, alone = load.against_reference, _ALONE if is_reference else "-"
    known = {
        COST: rate_in_words(load.cost.value) if load.cost else "-",
        COST_RATIO: ratio_cell(against.cost) if against else alone if load.cost else "-",
        SPEED: rate_in_words(load.rows_per_s) if load.requests else "-",
        SPEED_RATIO: "-" if load.peak else ratio_cell(against.throughput) if against else alone,
        P50: number(load.p50),
        P50_RATIO: ratio_cell(against.p50) if against else alone,
        P99: number(load.p99),
        P99_RATIO: ratio_cell(against.p99) if against else alone,
        GOODPUT: rate_in_words(load.goodput_per_s) if load.requests else "-",
        GOODPUT_RATIO: ratio_cell(against.goodput) if against else alone,
        PEAK: _peak(load),
        PEAK_RATIO: ratio_cell(against.throughput) if against and load.peak else alone,
    }
    titles = dict.fromkeys([*_columns(figures), DIFFERENCE, *_BESIDE])
    return {title: _difference(load) if title == DIFFERENCE else known[title] for title in titles}


def _columns(figures: Iterable[str]) -> list[str]:
    return [title for figure in figures for title in _DECIDING[figure]]


def _difference(load: Measured) -> str:
    """Return by how many points of accuracy it is above the reference."""
    found = load.against_reference.accuracy if load.against_reference else None
    if found is None:
        return "-"
    return f"{100 * found.value:+.1f} ({100 * found.low:+.1f} to {100 * found.high:+.1f})"


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


def _notes(load: Measured) -> list[str]:
    notes = [f"VOID ({', '.join(load.void)})"] if load.void else []
    if load.generator_limited and "generator" not in load.void:
        notes.append(f"generator was the limit ({load.generator_cpu:.0%} of its core)")
    if load.cost and not load.requests:
        notes.append("no turn counts: cost alone is known")
    if load.answers_per_user is not None and load.answers_per_user < ANSWERS_ENOUGH:
        notes.append(f"a user got under ten answers in a turn ({load.answers_per_user:.1f})")
    return notes + _notes_of_peak(load.peak)


def _notes_of_choice(
    load: Measured, dominated: Mapping[str, str], certificate: Certificate | None, yardstick: Yardstick
) -> list[str]:
    notes = []
    if certificate and certificate.difference and certificate.judgement != "no worse":
        less = "less accurate" if yardstick.is_labelled else "agrees too little"
        notes.append(less if certificate.judgement == "worse" else f"{yardstick.word} not proven")
    if load.variant in dominated:
        notes.append(f"dominated by {dominated[load.variant]}")
    return notes


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


def share(value: float | None) -> str:
    """Return a share as a percentage; a dash where it is not known."""
    return "-" if value is None else f"{value:.1%}"


def matrix(document: Document, rows: int) -> list[dict[str, str]]:
    """Return each variant over each other with so many rows, as lines of cells.

    There are those that nothing dominates, which a reader may choose from, and the reference.
    """
    dominated = set(document.verdict.dominated) - {document.reference}
    names = [load.variant for load in document.with_rows(rows) if load.variant not in dominated]
    ratios = {(one.variant, one.other): one.ratio for one in document.pairs if one.rows_per_request == rows}
    ratios |= {
        (other, one): ratio.inverse if ratio and ratio.value else None
        for (one, other), ratio in ratios.items()
    }
    return [
        {
            document.noun: ours,
            **{
                f"/ {theirs}": ratio_cell(ratios.get((ours, theirs))) if ours != theirs else ""
                for theirs in names
            },
        }
        for ours in names
    ]


def matrix_sentence(document: Document) -> str:
    """Return what the matrix sets against each other, and which variants."""
    figure = next(one.figure for one in document.pairs)
    return (
        f"{figure[0].upper()}{figure[1:]} of the row's {document.noun} over the column's, of those that "
        f"nothing dominates and {document.reference}; all intervals of a run hold together. "
        "~ is not told apart."
    )


def remarks(document: Document) -> list[str]:
    """Return the sentences after the answer that the table does not say as well."""
    _, *found = document.verdict.sentences
    in_the_table = "is dominated by", falls_short(document.yardstick)
    return [one for one in found if not any(words in one for words in in_the_table)]
