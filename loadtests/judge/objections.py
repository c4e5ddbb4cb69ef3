"""Objections to a verdict: how sure it is, loads that are void, leads that nothing explains, findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loadtests.experiment.blocks import Stop
from loadtests.experiment.measured import Measured, load_in_words, rows_in_words
from loadtests.experiment.rounds.grade import CALM, ROUGH, UNEASY
from loadtests.judge.certificate import Accuracies
from loadtests.judge.contrast import Contrasts
from loadtests.judge.standing import Standing, rows_that_count
from loadtests.workload.scenarios import SCENARIOS

# A request is cheaper under load than alone, so what a missing model explains is known only roughly: a
# lead is doubted where it is well beyond that, and not where most of the request is the model's own.
DOUBT_LEAD = 1.3
DOUBT_SHARE = 0.5
_GRADES = (CALM, UNEASY, ROUGH)
HTTP_DOMINATES = 0.20  # below this share of an unloaded request, the model hardly matters


def says_how_sure(
    loads: Sequence[Measured], known: Mapping[str, Standing], accuracies: Accuracies, stop: Stop | None
) -> list[str]:
    """Say what the answer rests on: why the run stopped, how calm the machine was, and what is left out."""
    sentences = [stop.why] if stop else []
    graded = [(load, load.grade) for load in loads if load.grade]
    if graded:
        load, grade = max(
            graded, key=lambda one: (_GRADES.index(one[1].word), one[1].void_turns, one[1].scatter or 0.0)
        )
        sentences.append(f"The machine was {grade.sentence} (at its worst, for {load.name}).")
    left_out = [f"`{name}`" for name in dict.fromkeys(load.variant for load in loads) if name not in known]
    if left_out and known:
        sentences.append(f"Left out, since a load is missing or cannot be believed: {', '.join(left_out)}.")
    counted = rows_that_count(loads)
    lost = sorted({load.rows_per_request for load in loads} - set(counted))
    if lost and counted:
        believed = ", ".join(map(rows_in_words, counted))
        sentences.append(f"Of speed only what was measured with {believed} a request can be believed.")
    is_of_bundle = accuracies.yardstick.noun == "variant"
    if is_of_bundle and not accuracies.is_chosen_on_validation and len(accuracies.certificates) > 1:
        sentences.append(
            "The bundle keeps no predictions of validation rows: what is more accurate was told by the rows "
            "that certify it."
            if accuracies.yardstick.is_labelled
            else "The bundle keeps no predictions of validation rows: what agrees more was told by the rows "
            "that certify it."
        )
    return sentences


def says_what_is_void(loads: Sequence[Measured]) -> list[str]:
    """Name each load that must not be believed, and why."""
    return [
        f"VOID: {_load(load)}: {' '.join(check.detail for check in load.checks if check.is_void)}"
        for load in loads
        if load.void
    ]


def says_what_failed(loads: Sequence[Measured]) -> list[str]:
    """Count the requests that were not answered as promised, by reason."""
    return [
        f"{_load(load)}: {load.failed:,} of {load.failed + load.answers:,} requests {_ended(load)} "
        f"({'; '.join(f'{count} x {reason}' for reason, count in load.failures.items())})."
        for load in loads
        if load.failed
    ]


def findings(loads: Sequence[Measured]) -> list[str]:
    """Repeat what a check found of the service, where it leaves the figures what they are."""
    return [
        f"Found: {_load(load)}: {check.detail}"
        for load in loads
        for check in load.checks
        if check.passed is False and not check.voids
    ]


def doubts(best: Standing, known: Sequence[Standing], contrasts: Contrasts) -> list[str]:
    """Object to leads that no precision can explain: a request without any model would not have them.

    Of systems everything else may differ as well.
    """
    leads = []
    if contrasts.accuracies.yardstick.noun == "system":
        return []
    for other in known:
        for ours, theirs in best.beside(other):
            share, lead = theirs.unloaded.model_share, contrasts.throughput(ours, theirs)
            is_known = lead is not None and lead.is_bounded and contrasts.cost(ours, theirs) is None
            if other is best or lead is None or not is_known or share is None or share > DOUBT_SHARE:
                continue
            explained = 1 / (1 - share)
            if lead.low > explained * DOUBT_LEAD:
                whom = f"`{other.name}` with {rows_in_words(ours.rows_per_request)}"
                leads.append(f"{lead.value:.2f} times {whom}, where {explained:.2f} can be explained")
    if not leads:
        return []
    doubt = (
        f"Doubt the throughput of `{best.name}`: {'; '.join(leads)}, by a model that took no time at all. "
        "The machine was probably disturbed: measure again, longer, with nothing else running."
    )
    return [doubt]


def says_whether_model_matters(loads: Sequence[Measured], reference: str) -> list[str]:
    """Say it of the reference, from which one wins: precision can save no more than the model's own time."""
    shares = {
        load.rows_per_request: load.unloaded.model_share
        for load in sorted(loads, key=lambda one: one.rows_per_request)
        if load.variant == reference and load.unloaded.model_share is not None
    }
    small = {rows: share for rows, share in shares.items() if share < HTTP_DOMINATES}
    large = {rows: share for rows, share in shares.items() if rows not in small}
    known = f"of an unloaded `{reference}` request the model takes"
    found = {
        f"HTTP dominates: {known} {_by_rows(small)}, so precision hardly changes the latency.": small,
        f"The model matters: {known} {_by_rows(large)}.": large,
    }
    return [sentence for sentence, of in found.items() if of]


def _by_rows(shares: Mapping[int, float]) -> str:
    return ", ".join(f"{share:.1%} with {rows_in_words(rows)}" for rows, share in shares.items())


def _ended(load: Measured) -> str:
    only_refused = not SCENARIOS[load.scenario].unexpected(load.failures)
    return "were refused, as the scenario allows" if only_refused else "failed"


def _load(load: Measured) -> str:
    return load_in_words(f"`{load.variant}`", load.rows_per_request)
