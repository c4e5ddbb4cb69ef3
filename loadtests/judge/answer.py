"""The answer of a verdict in words: which variant to ship, what it gains, and what the answer leaves out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bundle.manifest import REFERENCE
from evidence.estimate import Estimate
from loadtests.experiment.measured import AccuracyDifference, Measured, rate_in_words, rows_in_words
from loadtests.judge.budget import Budget
from loadtests.judge.contrast import Contrasts
from loadtests.judge.standing import Standing, is_scheduled, speed_in_words


def says_what_to_ship(
    best: Standing, reference: Standing | None, budget: Budget, contrasts: Contrasts
) -> str:
    """Name the variant to ship, and what it gains on float32."""
    where = f"with {rows_in_words(best.last.rows_per_request)} a request"
    meets = f" It meets {budget.sentence}." if budget else ""
    figures = f"{_rate(best.last)} {where}, p99 {_ms(best.last)}"
    if reference is None:
        return (
            f"Ship `{best.name}`: accuracy {best.accuracy.value:.4f} ({best.accuracy.low:.4f} to "
            f"{best.accuracy.high:.4f}), {figures}.{meets}"
        )
    if best is reference:
        return (
            f"Ship `{REFERENCE}`: no variant that is as accurate and answered every request as promised "
            f"clearly gains on its {figures}.{meets}"
        )
    pair = best.last, reference.last
    return (
        f"Ship `{best.name}`: {_accuracy(contrasts.accuracy(*pair))}, "
        f"{_times(contrasts.throughput(*pair), best.last, f'{_rate(best.last)} {where}')}, "
        f"{_tail(contrasts.p99(*pair), pair)}, {best.bytes / reference.bytes:.0%} of the size.{meets}"
    )


def _accuracy(difference: AccuracyDifference | None) -> str:
    if difference is None:
        return "its accuracy was not compared"
    word = {-1: "less", 0: "as", 1: "more"}[difference.side_of(0)]
    than = "than" if word != "as" else "as"
    known = "" if word != "as" else f" as far as {rows_in_words(difference.rows)} can tell"
    return (
        f"{word} accurate {than} `{REFERENCE}`{known} (difference {100 * difference.value:+.1f} points, "
        f"interval {100 * difference.low:+.1f} to {100 * difference.high:+.1f})"
    )


def _times(ratio: Estimate | None, load: Measured, figures: str) -> str:
    """Set the throughput, or the peak, against that of float32; `figures` are the load's own."""
    if is_scheduled(load):
        return f"both at {figures} as scheduled"
    what = speed_in_words(load)
    if ratio is None:
        return f"{what} not compared ({figures})"
    if not ratio.is_bounded:
        return f"{ratio.value:.2f} times the {what}, without an interval ({figures})"
    interval = f"interval {ratio.low:.2f} to {ratio.high:.2f}; {figures}"
    if 1 in ratio:
        return f"{what} not told apart ({ratio.value:.2f} times, {interval})"
    return f"{ratio.value:.2f} times the {what} ({interval})"


def _tail(ratio: Estimate | None, pair: tuple[Measured, Measured]) -> str:
    ours, theirs = (_ms(one) for one in pair)
    if ratio is not None and ratio.is_bounded and 1 in ratio:
        return f"p99 not told apart ({ours} against {theirs})"
    return f"p99 {ours} against {theirs}"


def says_what_is_not_proven(best: Standing, close: Sequence[Standing], budget: Budget) -> list[str]:
    """Name who is not told apart from the variant, and which bounds its intervals reach beyond."""
    sentences = []
    if close and not is_scheduled(best.last):
        what = speed_in_words(best.last)
        sentences.append(f"In {what} this run does not tell it apart from {_names(close)}.")
    unproven = best.unproven(budget)
    if unproven:
        sentences.append(
            f"That `{best.name}` meets the budget is not proven: the interval of {'; '.join(unproven)} "
            "reaches beyond the bound."
        )
    return sentences


def says_who_is_left_out(
    known: Mapping[str, Standing],
    unmet: Mapping[str, list[str]],
    reference: Standing | None,
    budget: Budget,
    contrasts: Contrasts,
) -> list[str]:
    """Name the variants that miss the budget, and those that are less accurate than float32."""
    sentences = [
        f"`{name}` does not meet {budget.sentence}: {', '.join(why)}." for name, why in unmet.items() if why
    ]
    for one in known.values() if reference else ():
        difference = contrasts.accuracy(one.last, reference.last) if reference else None
        if difference is not None and difference.is_less_than(0):
            sentences.append(
                f"`{one.name}` is less accurate than `{REFERENCE}`: by {-100 * difference.value:.1f} points "
                f"({-100 * difference.high:.1f} to {-100 * difference.low:.1f})."
            )
    return sentences


def _rate(load: Measured) -> str:
    if load.peak:
        return (
            f"peak {rate_in_words(load.peak.requests_per_s or 0)} requests/s at p99 of "
            f"{load.peak.bound_ms:g} ms"
        )
    return f"{rate_in_words(load.rows_per_s)} rows/s"


def _ms(load: Measured) -> str:
    return "unknown" if load.p99 is None else f"{load.p99:.3g} ms"


def _names(known: Sequence[Standing]) -> str:
    return ", ".join(f"`{one.name}`" for one in known)
