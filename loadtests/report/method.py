"""How a run was measured and what its figures are, in sentences: what a reader must know to believe them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from loadtests.experiment.measured import Measured
from loadtests.experiment.plan import Plan
from loadtests.experiment.search import PASSES, RESOLUTION
from loadtests.judge.terms import in_words, option
from loadtests.protocol.address import without_secret
from loadtests.workload.scenarios import OPEN

_FIGURES = (
    """Rows come from the model's held-out test set. Throughput and latency are of answers that were as
    promised; anything else is a failure, and counts neither as speed nor as accuracy.""",
    """Percentiles are exact, from raw samples, by nearest rank: the smallest latency with at least that share
    of the samples at or below it. Their interval is that of order statistics, which assumes no distribution,
    at 99% for each end; it is open where so few cannot tell (p99 from above: fewer than 459). What is slow
    together, as in a stall, counts as the one event that it is, as far as stretches of the load tell. The
    samples are kept, in `samples/` and in `samples.csv.gz`.""",
    """Live accuracy: each test row seen counts once, by the share of its answers that were right. Its 95%
    interval (Wilson) is for the number of unique rows seen: a row answered a thousand times is one piece of
    evidence. Differences within the interval are noise.""",
    """The difference of two accuracies is paired by test row (Tango's score interval, 1998): two variants
    that err on the same rows are compared more sharply than their own intervals would allow.""",
    """Effective accuracy: each test row offered counts once, by the share of its requests that were answered
    rightly and in time. It is never above live accuracy, and the same where all were answered in time. Its
    95% interval is that of the rows, widened by how the share in time scatters over its stretches.""",
    """A ratio of two variants is the geometric mean of its rounds' ratios, its 95% interval Student's, of
    their logarithms. Where it holds 1 the two are not told apart. Each interval is of one pair alone: of
    twenty pairs that are alike, about one will seem to differ.""",
    """Dominated: another variant is as good or better in accuracy, throughput, p99 and size, as far as the
    intervals tell, and better in one.""",
    """Where the time goes: requests one after the other on one bare connection to an idle service. `decode`,
    `wait`, `infer` and `encode` are the service's own metrics, `client` is the client's own work, and `http`
    is what is left. The column "model" is the share of `infer`.""",
    """"memory MB" is the resident memory of the service and its children at the end of the load,
    "file KB" the size of the variant's file. A KB is 1,000 bytes, an MB 1,000,000.""",
)
_CLOSED = """Limits: a closed loop waits for slow answers, so its percentiles hide stalls that users who
    arrive on their own would feel; `--scenario server` does not wait."""
_AWAKE = """The generator does not sleep shortly before a scheduled moment, because a core takes a while to
    wake; what it spends on staying awake is not counted as use of its core."""
_SEARCHED = """A peak is the median of {passes} searches, which the variants make in turns: each doubles the
    rate until it fails, bisects, and confirms what held with another seed; one that is not confirmed counts
    as one that found none. A rate holds where so few requests were late that p99 is within the bound with 99%
    confidence (MLPerf's early stopping: 459 requests if none is late, 662 if one; those of one burst count as
    one, as far as the twentieths of a trial tell). A rate so low that this would take minutes is tried for a
    shorter time, proves nothing, and holds where none was late. A trial ends once too many are late, and a
    search where nothing is to be found. The ratio of two peaks has its interval from the searches that were
    confirmed, widened by the {resolution:.0%} to which one looks."""
_AFTER_SEARCH = """The rounds are at one rate for all variants: half the lowest peak, where a variant without
    one counts as able to answer one request after the other."""
_SHARED = """Limits: the machine may be shared. Rounds cancel what lasts longer than a round, and the interval
    shows the rest; what befell one variant alone, always, cannot be told from the variant."""


def method(plan: Plan, loads: Sequence[Measured], asked: Mapping[str, JsonValue]) -> list[str]:
    """Return the method of a run of at least one load, and the limits of it."""
    scenario = plan.scenario
    searched = _SEARCHED.format(passes=PASSES, resolution=RESOLUTION - 1)
    limits = [_SHARED] if scenario.kind == OPEN else [_CLOSED, _SHARED]
    sentences = [
        f"Scenario `{scenario.name}`, a request is sent so: {scenario.sends}. The figure: {scenario.figure}.",
        _asked(asked),
        *([f"An answer is late after {plan.bound_ms:g} ms."] if plan.bound_ms is not None else []),
        _rounds(plan, loads),
        *([_AWAKE] if scenario.kind == OPEN and plan.stays_awake else []),
        *([searched, _AFTER_SEARCH] if plan.searches else []),
        _services(plan),
        *_FIGURES,
        *limits,
    ]
    return [" ".join(sentence.split()) for sentence in sentences]


def _asked(asked: Mapping[str, JsonValue]) -> str:
    known = [f"`{option(name)} {in_words(value)}`" for name, value in asked.items() if value is not None]
    unset = [f"`{option(name)}`" for name, value in asked.items() if value is None]
    nothing = f" Not set, or without effect here: {', '.join(unset)}." if unset else ""
    return f"Asked, given or by default: {', '.join(known)}.{nothing}"


def _rounds(plan: Plan, loads: Sequence[Measured]) -> str:
    schedule = plan.schedule
    most = max(len(load.rounds) for load in loads)
    how_long = f"{schedule.duration_s:g} s are measured for each variant and each number of rows"
    warm_up = f"{schedule.warmup_s:g} s of warm-up are thrown away"
    if most < 2:
        return f"{how_long}, in one piece: ratios have no interval. Before it, {warm_up}."
    return (
        f"{how_long}, in {most} rounds or fewer; before each, {warm_up}. The variants take turns, forth and "
        "back (A B C, C B A, ...), so that what slows the machine down for a while slows all of them."
    )


def _services(plan: Plan) -> str:
    if plan.host:
        shown = without_secret(plan.host)
        bound = "" if plan.cores.load is None else f"; the load generator runs on core {plan.cores.load}"
        return (
            f"All variants are answered by one service that was running already, at {shown}: which cores "
            f"it has is not known{bound}."
        )
    return (
        "Each variant has a service of its own; all of them are running, and idle while another is measured. "
        "So each one's memory is its own, none disturbs another by shared threads or batches, and nothing is "
        f"started between two rounds. {plan.cores.in_words()}"
    )
