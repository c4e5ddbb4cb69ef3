"""How a run was measured and what its figures are, in sentences: what a reader must know to believe them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from pydantic import JsonValue

from evidence.estimate import ALIKE, CONFIDENCE
from evidence.paired import Yardstick
from loadtests.experiment.blocks import Stop
from loadtests.experiment.measured import Measured
from loadtests.experiment.peak.search import PASSES, RESOLUTION
from loadtests.experiment.plan import Plan
from loadtests.experiment.rounds.schedule import ANSWERS_ENOUGH
from loadtests.experiment.steps.step import LATE_SHARE
from loadtests.judge.terms import in_words, option
from loadtests.protocol.address import without_secret
from loadtests.workload.scenarios import CLOSED, SHAPED, SHARES, STEPPED

_JUDGED = """Whether a variant {is_as_good} {reference} is judged without HTTP, from its predictions of all
    test rows, at the margin that was asked for, and corrected for the number of variants (Holm). What was
    sent in the run shows that the service answers the same."""
_JUDGED_LIVE = """Whether a system {is_as_good} {reference} is judged by what it answered in the run, row by
    row, and of a variant of a model here by its predictions without HTTP; at the margin that was asked for,
    and corrected for how many they are (Holm)."""
_FIGURES = (
    """Rows come from {source}. Throughput and latency are of answers that were as
    promised; anything else is a failure, and counts neither as speed nor as {word}.""",
    """Percentiles are exact, from raw samples, by nearest rank: the smallest latency with at least that share
    of the samples at or below it. Their interval is that of order statistics, which assumes no distribution,
    at 99% for each end; it is open where so few cannot tell (p99 from above: fewer than 459). What is slow
    together, as in a stall, counts as the one event that it is, as far as stretches of the load tell. The
    samples are kept, in `samples/` and in `samples.csv.gz`.""",
    """Live {word}: each test row seen counts once, by the share of its answers that were right. Its 95%
    interval (Wilson) is for the number of unique rows seen: a row answered a thousand times is one piece of
    evidence. Differences within the interval are noise.""",
    """The difference of two {plural} is paired by test row (Tango's score interval, 1998): two variants
    that err on the same rows are compared more sharply than their own intervals would allow.""",
    """Effective {word}: each test row offered counts once, by the share of its requests that were answered
    rightly and in time. It is never above live {word}, and the same where all were answered in time. Its
    95% interval is that of the rows, widened by how the share in time scatters over its stretches.""",
    _JUDGED,
    """Dominated: another variant is known to be as good in {word}, speed, tail and size, and better in one;
    what the intervals leave open supports nothing.""",
    """Where the time goes: requests one after the other on one bare connection to an idle service. `decode`,
    `wait`, `infer` and `encode` are the service's own metrics, `client` is the client's own work, and `http`
    is what is left. The column "model" is the share of `infer`.""",
)
_SIZES = """"memory MB" is the resident memory of the service and its children at the end of the load,
    "file KB" the size of the variant's file. A KB is 1,000 bytes, an MB 1,000,000."""
_COST = """Rows per core-second: the rows answered over the processor time, user and system, that all
    processes of the service used meanwhile. It does not see time in which another process, or another machine
    on the same hardware, held the core; throughput does."""
_PAIRED = """A figure of a block is that of all its turns, so what befell a service in one of them is in it;
    what befell the machine befell all variants, whose turns stood side by side, and cancels in their ratio.
    The interval is Student's over the blocks, which alone count as independent, with the scatter that ratios
    have in this run (the median of all pairs, where there are five variants), or the pair's own where that is
    larger. Where it holds 1 the two are not told apart."""
_LOOKS = """After a block the run looks whether all pairs that matter are told apart, or known to be alike
    within {alike:.0%}, and stops if so. The chance to err is spent over the looks (Lan and DeMets 1983), and
    shared by all pairs of variants in each figure (Bonferroni): so the intervals of all ratios hold together,
    at all looks, with 95%, and each of them by itself with {confidence:.2%}."""
_TURNS = """A round has a turn of every variant and number of rows, in an order drawn anew for each round."""
_DRAINED = """Connections stay open from turn to turn. What is under way when a turn ends is waited for,
    counted as that turn's, and over before the next begins; what is still out after the time-out has failed.
    Each user sends two requests in a turn at the least, and the first, which finds an idle service, counts
    for no throughput. Speed and latency of a round in which the load generator had to wait for its core count
    for no variant, unless a request failed; what a row costs the service counts in every turn."""
_LITTLE = """Throughput of a turn is the number of users over the mean time from one request of a user to the
    next (Little's law), so a turn that ends between two volleys of answers is no faster for it."""
_CLOSED = """Limits: a closed loop waits for slow answers, so its percentiles hide stalls that users who
    arrive on their own would feel, and its p99 says of throughput what throughput says; `--scenario server`
    does not wait."""
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
_AFTER_SEARCH = """The blocks are at one rate for all variants: half the lowest peak, where a variant without
    one counts as able to answer one request after the other."""
_STEPS = """{rates} rates, {each:g} s of each variant for all of them, drawn from each of {seeds} seeds. The
    turns of one rate stand side by side, in an order drawn at random, with the same moments and rows for all.
    A rate is a share of what the quickest variant bears in a closed loop, looked at before each seed, or
    of --rate. Each turn begins with {warmup:g} s at its rate that are thrown away: a service that chooses has
    come to rest by then, and what it costs to get there is not in the figures of a rate that stays. Each
    request says how long it may take, nearly the bound: what has waited for longer the service gives up
    (504). {void}"""
_VOID_STEPS = """Where for one variant more than {most:.0%} of the requests were sent late, by over a tenth of
    the bound, the turns of that seed and rate count for none."""
_NO_VOID_STEPS = """Service and generator have one core: what is sent late for that is late, and all turns
    count."""
_DIFFERENCES = """What chooses is set against the best single variant at each rate. The difference is paired:
    both got the same rows at the same moments. Its 95% interval is Student's over parts of the windows, four
    each. At or above: less than none of them by more than the margin, at every rate (each may err with 5%,
    since all must hold). Below: less than one of them, with 95% for all rates and variants together
    (Bonferroni)."""
_SHARED = """Limits: the machine may be shared, and what befell one variant alone, always, cannot be told from
    the variant."""
_CALM = """What lasts longer than a round is in all variants, and cancels; new starts show what differs from
    start to start, and the interval has the rest. How calm the machine was is a grade: it makes intervals
    wide, and no figure wrong."""


def method(
    plan: Plan,
    loads: Sequence[Measured],
    asked: Mapping[str, JsonValue],
    stop: Stop | None = None,
    forms: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    """Return the method of a run of at least one load, and the limits of it.

    `forms` says in which form rows are sent to each system.
    """
    scenario = plan.scenario
    searched = _SEARCHED.format(passes=PASSES, resolution=RESOLUTION - 1)
    confidence = stop.confidence if stop else CONFIDENCE
    is_closed = scenario.kind == CLOSED
    yardstick = plan.yardstick
    sentences = [
        f"Scenario `{scenario.name}`, a request is sent so: {scenario.sends}. The figure: {scenario.figure}.",
        *([f"An answer is late after {plan.bound_ms:g} ms."] if plan.bound_ms is not None else []),
        *_blocks(plan, loads),
        *([_LITTLE] if is_closed else []),
        *([_COST] if any(load.cost for load in loads) else []),
        *([_PAIRED, _CALM] if scenario.kind not in (SHAPED, STEPPED) else []),
        *([_LOOKS.format(alike=ALIKE - 1, confidence=confidence)] if stop else []),
        *([_AWAKE] if scenario.is_scheduled and plan.stays_awake else []),
        *([searched, _AFTER_SEARCH] if plan.searches else []),
        *([_services(plan)] if plan.variants else []),
        *_systems(plan, forms),
        *_figures(plan, yardstick),
        *([_SIZES] if plan.variants else []),
        *([] if scenario.is_scheduled else [_CLOSED]),
        _SHARED,
    ]
    first, *others = (" ".join(sentence.split()).replace("variant", yardstick.noun) for sentence in sentences)
    return [first, _asked(asked), *others]


def _systems(plan: Plan, forms: Mapping[str, str]) -> list[str]:
    """Name the systems, and say how they were asked."""
    if not plan.systems:
        return []
    told = "; ".join(
        f"`{one.name}` at {one.shown}, {forms.get(one.name, 'which was not reached')}" for one in plan.systems
    )
    beside = "" if plan.cores.load is None else f" The load generator runs on core {plan.cores.load}."
    hidden = [f"`{one.name}`" for one in plan.systems if one.pid is None]
    unknown = "which cores they have is not known"
    if hidden:
        unknown += f", nor what {', '.join(hidden)} use{'s' * (len(hidden) == 1)} of them and of memory"
    return [
        f"Systems that were running already: {told}. They stay so between blocks; {unknown}.{beside}",
    ]


def _figures(plan: Plan, yardstick: Yardstick) -> list[str]:
    """Say what the figures are; and first, where there were no labels, what they are not."""
    words = {
        "source": "the model's held-out test set" if plan.bundle else f"`{plan.asked.source}`",
        "word": yardstick.word,
        "plural": "accuracies" if yardstick.is_labelled else "agreements",
        "is_as_good": "is as accurate as" if yardstick.is_labelled else "agrees with",
        "reference": yardstick.reference,
    }
    caveat = [f"{yardstick.caveat} Right is what that answers."] if yardstick.caveat else []
    is_live = yardstick.noun == "system"
    figures = [_JUDGED_LIVE if one is _JUDGED and is_live else one for one in _FIGURES]
    return [*caveat, *(sentence.format(**words) for sentence in figures)]


def _asked(asked: Mapping[str, JsonValue]) -> str:
    known = [f"`{option(name)} {in_words(value)}`" for name, value in asked.items() if value is not None]
    unset = [f"`{option(name)}`" for name, value in asked.items() if value is None]
    nothing = f" Not set, or without effect here: {', '.join(unset)}." if unset else ""
    return f"Asked, given or by default: {', '.join(known)}.{nothing}"


def _blocks(plan: Plan, loads: Sequence[Measured]) -> list[str]:
    """Say what a load was cut into, and how much of it there was."""
    schedule = plan.schedule
    if plan.scenario.kind == STEPPED:
        return [
            _STEPS.format(
                rates=len(SHARES),
                seeds=schedule.seeds,
                each=schedule.duration_s,
                warmup=schedule.warmup_s,
                void=_NO_VOID_STEPS if plan.cores.shared else _VOID_STEPS.format(most=LATE_SHARE),
            ),
            _DIFFERENCES,
        ]
    if plan.scenario.kind == SHAPED:
        return [f"Each load is one piece of {schedule.duration_s:g} s: ratios have no interval."]
    blocks = max(len(load.blocks) for load in loads)
    count = "1 block" if blocks == 1 else f"{blocks} blocks"
    new = "between two, services are left running" if plan.host else "before each, every service starts anew"
    measured = f"Measured in {count}; {new}. After it, {schedule.warmup_s:g} s of each load are thrown away."
    if plan.scenario.kind != CLOSED:
        return [f"{measured} In a block every load has one window, in an order drawn at random."]
    turns = sum(block.turns + block.void_turns for load in loads for block in load.blocks)
    how_long = f"{schedule.turn_s:g} s each, or {ANSWERS_ENOUGH} answers of every user where that is longer"
    return [
        f"{measured} In a block the loads take short turns, {turns:,} in all: {how_long}. {_TURNS}",
        _DRAINED,
    ]


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
        f"started while one of them is measured. {plan.cores.in_words()}"
    )
