"""What the results say to someone who must choose a variant. Pure: from figures to sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bundle.manifest import REFERENCE
from evidence.estimate import Estimate
from loadtests.experiment.measured import AccuracyDifference, Measured
from loadtests.judge.budget import Budget
from loadtests.judge.contrast import Contrasts
from loadtests.judge.objections import (
    doubts,
    findings,
    says_what_failed,
    says_what_is_void,
    says_whether_model_matters,
)
from loadtests.judge.standing import (
    SAME_SPEED,
    Standing,
    dominated,
    is_scheduled,
    rows_in_words,
    speed_in_words,
    standings,
)


@dataclass(frozen=True)
class Verdict:
    """The variant to ship, if one can be named; who is dominated by whom; and the sentences that say so."""

    recommended: str | None
    dominated: dict[str, str]
    """Variant: one that is as good or better in accuracy, throughput, p99 and size."""
    sentences: tuple[str, ...]
    """The answer first."""
    is_void: bool
    """At least one load cannot be believed."""
    is_met: bool
    """The budget, if there was one, is met by the variant that is recommended."""

    @property
    def is_good(self) -> bool:
        """Tell whether the run may be believed, and its budget was met."""
        return self.is_met and not self.is_void


def judge(
    loads: Sequence[Measured], budget: Budget | None = None, contrasts: Contrasts | None = None
) -> Verdict:
    """Weigh the variants against each other, against float32, and against the budget."""
    budget, contrasts = budget or Budget(), contrasts or Contrasts()
    known = standings(loads)
    beaten = dominated(known, contrasts)
    best, sentences = _choose(known, beaten, budget, contrasts)
    void = says_what_is_void(loads)
    return Verdict(
        best.name if best else None,
        beaten,
        (
            *sentences,
            *void,
            *(doubts(best, list(known.values())) if best else ()),
            *says_whether_model_matters(loads),
            *(
                f"`{worse}` is dominated by `{better}`: as good or better in accuracy, speed, p99 and size."
                for worse, better in beaten.items()
            ),
            *says_what_failed(loads),
            *findings(loads),
        ),
        is_void=bool(void),
        is_met=best is not None or not budget,
    )


def _choose(
    known: Mapping[str, Standing], beaten: Mapping[str, str], budget: Budget, contrasts: Contrasts
) -> tuple[Standing | None, list[str]]:
    if not known:
        return None, ["No variant is recommended: none was measured in a way that can be believed."]
    reference = known.get(REFERENCE)
    if reference is None and budget.min_accuracy is None:
        without = (
            f"No variant is recommended: `{REFERENCE}`, which the others are compared with, was not measured "
            "in a way that can be believed, and no --min-accuracy says what is enough."
        )
        return None, [without]
    unmet = {name: one.unmet(budget) for name, one in known.items()}
    if all(unmet.values()):
        reasons = "; ".join(f"`{name}`: {', '.join(why)}" for name, why in unmet.items())
        return None, [f"No variant meets {budget.sentence}.", f"What they miss it by: {reasons}."]
    eligible = {
        name: one
        for name, one in known.items()
        if not unmet[name] and not one.has_failures and _is_accurate_enough(one, reference, budget, contrasts)
    }
    if not eligible:
        return None, ["No variant is recommended: each had requests that failed, or is less accurate."]
    best, close = _best(eligible, beaten, contrasts)
    sentences = [_answer(best, reference, budget, contrasts), *_admit(best, close, budget)]
    return best, [*sentences, *_say_what_is_left_out(known, unmet, reference, budget, contrasts)]


def _is_accurate_enough(
    one: Standing, reference: Standing | None, budget: Budget, contrasts: Contrasts
) -> bool:
    """Hold it to the accuracy that was asked for; to that of float32, if none was."""
    if budget.min_accuracy is not None or reference is None:
        return True  # seen to already
    difference = contrasts.accuracy(one.last, reference.last)
    return difference is not None and not difference.is_less_than(0)


def _best(
    eligible: Mapping[str, Standing], beaten: Mapping[str, str], contrasts: Contrasts
) -> tuple[Standing, list[Standing]]:
    """Return the fastest, but of those that are as good as that fast the smallest; and who is not told apart.

    As with speed, 5% of the size is nothing to choose by.
    """
    fastest = max(eligible.values(), key=lambda one: one.speed)
    close = [one for one in eligible.values() if one.speed * SAME_SPEED >= fastest.speed]
    smallest = min(one.bytes for one in close)
    best = max((one for one in close if one.bytes <= smallest * SAME_SPEED), key=lambda one: one.speed)
    seen: set[str] = set()
    # What dominates the best is no faster than 5% below it, but it may be a little slower than the fastest.
    while best.name not in seen and beaten.get(best.name, "") in eligible:
        seen.add(best.name)
        best = eligible[beaten[best.name]]
    told = [contrasts.throughput(one.last, best.last) for one in eligible.values()]
    return best, [
        one
        for one, ratio in zip(eligible.values(), told, strict=True)
        if one is not best and (ratio is None or 1 in ratio)
    ]


def _answer(best: Standing, reference: Standing | None, budget: Budget, contrasts: Contrasts) -> str:
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


def _admit(best: Standing, close: Sequence[Standing], budget: Budget) -> list[str]:
    """Say what the answer does not rest on."""
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


def _say_what_is_left_out(
    known: Mapping[str, Standing],
    unmet: Mapping[str, list[str]],
    reference: Standing | None,
    budget: Budget,
    contrasts: Contrasts,
) -> list[str]:
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
        return f"peak {load.peak.requests_per_s or 0:,.0f} requests/s at p99 of {load.peak.bound_ms:g} ms"
    return f"{load.rows_per_s:,.0f} rows/s"


def _ms(load: Measured) -> str:
    return "unknown" if load.p99 is None else f"{load.p99:.3g} ms"


def _names(known: Sequence[Standing]) -> str:
    return ", ".join(f"`{one.name}`" for one in known)
