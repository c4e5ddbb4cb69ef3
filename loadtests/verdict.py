"""What the results say to someone who must choose a variant. Pure: from figures to sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bundle.manifest import REFERENCE
from loadtests.result import Result
from loadtests.summary import Accuracy

SAME_SPEED = 1.05  # throughputs of one run that are closer than this are not told apart
# A request is cheaper under load than alone, so what a missing model explains is known only roughly: a
# lead is doubted where it is well beyond that, and not where most of the request is the model's own.
DOUBT_LEAD = 1.3
DOUBT_SHARE = 0.5
HTTP_DOMINATES = 0.20  # below this share of an unloaded request, the model hardly matters


@dataclass(frozen=True)
class Verdict:
    """The variant to ship, if one can be named; who is dominated by whom; and the sentences that say so."""

    recommended: str | None
    dominated: dict[str, str]
    """Variant: one that is as good or better in accuracy, throughput and size."""
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class _Standing:
    """A variant over all numbers of rows at which it was measured."""

    name: str
    bytes: int
    accuracy: Accuracy  # at the most rows a request
    rows_per_s: tuple[float, ...]  # at each number of rows, fewest first
    failed: int
    generator_limited: bool  # at the most rows a request


def judge(results: Sequence[Result]) -> Verdict:
    """Weigh the variants against each other, and against float32."""
    settings = sorted({result.rows for result in results})
    standings = _standings(results, settings)
    dominated = _dominated(standings)
    recommended, sentences = _recommend(standings, dominated, settings)
    return Verdict(
        recommended,
        dominated,
        (
            *sentences,
            *_doubt(results, recommended, settings),
            *(sentence for rows in settings if (sentence := _say_whether_the_model_matters(results, rows))),
            *(
                f"`{worse}` is dominated by `{better}`: as good or better in accuracy, throughput and size."
                for worse, better in dominated.items()
            ),
            *_say_what_failed(results),
        ),
    )


def dominates(better: _Standing, worse: _Standing) -> bool:
    """Tell whether one variant is at least as good in accuracy, throughput and size, and better in one.

    Accuracies whose difference is within the other's interval, and throughputs within 5%, count as equal.
    """
    speeds = list(zip(better.rows_per_s, worse.rows_per_s, strict=True))
    as_good = (
        better.accuracy.value >= worse.accuracy.low
        and better.bytes <= worse.bytes
        and all(ours * SAME_SPEED >= theirs for ours, theirs in speeds)
    )
    ahead = (
        better.accuracy.value > worse.accuracy.high
        or better.bytes < worse.bytes
        or any(ours > theirs * SAME_SPEED for ours, theirs in speeds)
    )
    return as_good and ahead


def _standings(results: Sequence[Result], settings: Sequence[int]) -> dict[str, _Standing]:
    """Return those variants that were measured, with answers, at every number of rows."""
    standings = {}
    for name in dict.fromkeys(result.variant for result in results):
        by_rows = {result.rows: result for result in results if result.variant == name}
        accuracy = by_rows[max(by_rows)].summary.accuracy
        if set(by_rows) == set(settings) and accuracy:
            standings[name] = _Standing(
                name,
                by_rows[settings[-1]].bytes,
                accuracy,
                tuple(by_rows[rows].summary.rows_per_s for rows in settings),
                sum(result.summary.failed for result in by_rows.values()),
                by_rows[settings[-1]].generator_limited,
            )
    return standings


def _dominated(standings: dict[str, _Standing]) -> dict[str, str]:
    """Name, for each dominated variant, one that dominates it: the fastest, and itself not if possible."""
    rivals = {
        name: [other for other in standings.values() if other.name != name and dominates(other, standing)]
        for name, standing in standings.items()
    }
    return {
        name: max(better, key=lambda other: (not rivals[other.name], other.rows_per_s[-1])).name
        for name, better in rivals.items()
        if better
    }


def _recommend(
    standings: dict[str, _Standing], dominated: dict[str, str], settings: Sequence[int]
) -> tuple[str | None, list[str]]:
    reference = standings.get(REFERENCE)
    if reference is None:
        return None, [
            f"No variant is recommended: `{REFERENCE}`, which the others are compared with, was not measured."
        ]
    unhurt = [
        one for one in standings.values() if one.accuracy.high >= reference.accuracy.value and not one.failed
    ]
    candidates = [one for one in unhurt if dominated.get(one.name) not in {other.name for other in unhurt}]
    if not candidates:
        return None, ["No variant is recommended: each had requests that failed, or is less accurate."]
    best = max(candidates, key=lambda one: one.rows_per_s[-1])
    per_request = _rows(settings[-1])
    rate = f"{best.rows_per_s[-1]:,.0f} rows/s with {per_request} a request"
    if best is reference:
        answer = (
            f"Ship `{REFERENCE}`: no variant that is as accurate and answered every request clearly gains on "
            f"its {rate}."
        )
    else:
        ratio = best.rows_per_s[-1] / reference.rows_per_s[-1]
        same = best.accuracy.low <= reference.accuracy.value
        answer = (
            f"Ship `{best.name}`: its accuracy is not {'told apart from' if same else 'below'} that of "
            f"`{REFERENCE}` on {_rows(best.accuracy.unique_rows)}, and it answers {rate}, {ratio:.2f} times "
            f"`{REFERENCE}`, at {best.bytes / reference.bytes:.0%} of the size."
        )
    sentences = [answer]
    close = [
        one
        for one in candidates
        if one is not best and one.rows_per_s[-1] * SAME_SPEED >= best.rows_per_s[-1]
    ]
    if close:
        sentences.append(f"In throughput, one run does not tell it apart from {_names(close)} (within 5%).")
    limited = [one for one in candidates if one.generator_limited]
    if limited:
        sentences.append(
            f"With {per_request} a request the load generator was the limit for {_names(limited)}: the "
            "service can do more than was measured, and the order of throughput is not proven."
        )
    worse = [one for one in standings.values() if one.accuracy.high < reference.accuracy.value]
    sentences += [
        f"`{one.name}` is less accurate than `{REFERENCE}`: {one.accuracy.value:.4f} "
        f"({one.accuracy.low:.4f} to {one.accuracy.high:.4f}) against {reference.accuracy.value:.4f}."
        for one in worse
    ]
    return best.name, sentences


def _doubt(results: Sequence[Result], recommended: str | None, settings: Sequence[int]) -> list[str]:
    """Object to leads that no precision can explain: a request without any model would not have them."""
    if recommended is None:
        return []
    by_name = {one.variant: one for one in results if one.rows == settings[-1]}
    best = by_name.pop(recommended)
    leads = []
    for other in by_name.values():
        share = other.unloaded.model_share
        if share is None or share > DOUBT_SHARE or not other.summary.rows_per_s:
            continue
        lead, explained = best.summary.rows_per_s / other.summary.rows_per_s, 1 / (1 - share)
        if lead > explained * DOUBT_LEAD:
            leads.append(f"{lead:.2f} times `{other.variant}`, where {explained:.2f} can be explained")
    if not leads:
        return []
    doubt = (
        f"Doubt the throughput of `{recommended}`: {'; '.join(leads)}, by a model that took no time at all. "
        "The machine was probably disturbed: measure again, longer, with nothing else running."
    )
    return [doubt]


def _reference_share(results: Sequence[Result], rows: int) -> float | None:
    return next(
        (one.unloaded.model_share for one in results if (one.variant, one.rows) == (REFERENCE, rows)), None
    )


def _say_whether_the_model_matters(results: Sequence[Result], rows: int) -> str | None:
    """Say it of float32, the slowest to win from: what precision can save is at most the model's own time."""
    share = _reference_share(results, rows)
    if share is None:
        return None
    known = f"the model takes {share:.1%} of an unloaded `{REFERENCE}` request"
    if share < HTTP_DOMINATES:
        return (
            f"With {_rows(rows)} a request HTTP dominates: {known}, so precision hardly changes the latency."
        )
    return f"With {_rows(rows)} a request the model matters: {known}."


def _say_what_failed(results: Sequence[Result]) -> list[str]:
    failing = [one for one in results if one.summary.failed]
    return [
        f"`{one.variant}` with {_rows(one.rows)} a request: {one.summary.failed} of "
        f"{one.summary.failed + one.summary.answers} requests failed "
        f"({'; '.join(f'{count} x {reason}' for reason, count in one.summary.failures.items())})."
        for one in failing
    ]


def _names(standings: Sequence[_Standing]) -> str:
    return ", ".join(f"`{one.name}`" for one in standings)


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"
