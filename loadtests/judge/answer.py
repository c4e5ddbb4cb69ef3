"""The answer of a verdict: what to ship, or what is best supported; and in words, the answer first."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from evidence.estimate import ALIKE
from evidence.paired import Yardstick
from loadtests.experiment.measured import Measured, rate_in_words, rows_in_words
from loadtests.judge.bounds import Bounds, in_points
from loadtests.judge.certificate import Accuracies
from loadtests.judge.speed import Speeds
from loadtests.judge.standing import Miss, Standing
from loadtests.workload.scenarios import COST, GOODPUT, P50, THROUGHPUT

Kind: TypeAlias = Literal["ship", "tie", "unproven", "out_of_bounds", "void"]


@dataclass(frozen=True)
class Answer:
    """What a run comes to. It always names a variant."""

    kind: Kind
    """`ship` it. `tie`: ship it, though the others are not told apart from it. `unproven`: it is the best
    that is known to be accurate enough, and the others are faster, but for want of rows not certified.
    `out_of_bounds`: none meets the bounds, and it is the nearest; the others would meet it, and are not
    certified. `void`: of speed nothing is known, and it is the best supported by accuracy and size."""
    variant: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """A variant chosen among those that may be shipped, with all that the choice was between."""

    best: Standing
    tied: tuple[Standing, ...] = ()
    """Not told apart from the best in speed, the fastest first."""
    faster: tuple[Standing, ...] = ()
    """Faster than the best, but not certified for want of rows."""
    reference: Standing | None = None
    misses: Mapping[str, Sequence[Miss]] = field(default_factory=dict)


class Words:
    """Tells a choice in sentences."""

    def __init__(
        self, names: Collection[str], speeds: Speeds, accuracies: Accuracies, bounds: Bounds
    ) -> None:
        """`names` are the variants that were measured: of others nothing is said."""
        self._names = names
        self._speeds = speeds
        self._accuracies = accuracies
        self._reference = accuracies.reference
        self._is_labelled = accuracies.yardstick.is_labelled
        self._noun = accuracies.yardstick.noun
        self._ship = "Ship" if self._noun == "variant" else "Take"
        self._bounds = bounds

    def choice(self, choice: Choice) -> list[str]:
        """Say what to ship, why, and what its loads came to."""
        best, reference = choice.best, choice.reference
        if choice.faster:
            answer = [self._unproven(best, choice.faster)]
        elif choice.tied:
            answer = [self._tie(choice)]
        elif best is reference:
            answer = [f"{self._ship} `{best.name}`: no {self._noun} is {self._better_than_reference}."]
        else:
            answer = [f"{self._ship} `{best.name}`: {self._against(best, reference)}."]
        if (choice.tied or choice.faster) and reference and best is not reference:
            is_told = not choice.faster and choice.tied[0] is reference  # by the answer, which compares them
            known = self._accurate(best) if is_told else self._against(best, reference)
            answer.append(f"`{best.name}`: {known}.")
        if self._bounds:
            answer.append(self._met(best))
        if reference and best is not reference and self._speeds.is_suspect(best.beside(reference)):
            answer.append(
                f"The tail of `{best.name}` may be far longer than that of `{self._reference}`, beyond what "
                "throughput explains: --scenario server tells."
            )
        others = [one for one in (reference, *choice.tied, *choice.faster) if one and one is not best]
        answer += [told for one in others[:1] if (told := self._which_tells(best, one))]
        return [*answer, self._figures(best)]

    def more_accurate(self, best: Standing, others: Sequence[Standing]) -> list[str]:
        """Name the variants that are known to be more accurate than the best, and what that costs."""
        told = []
        for other in sorted(others, key=lambda one: one.accuracy.value):
            is_itself = not self._is_labelled and other.name == self._reference  # and agrees with itself
            difference = None if is_itself else self._accuracies.between(other.name, best.name)
            if other is not best and difference is not None and difference.is_more_than(0):
                lead = self._speeds.lead(other.beside(best))
                told.append(
                    f"`{other.name}` by {100 * (other.accuracy.value - best.accuracy.value):.1f} points, at "
                    f"{lead.times} the {lead.words}"
                )
        how = "More accurate" if self._is_labelled else f"Closer to `{self._reference}`"
        return [f"{how} than `{best.name}`: {'; '.join(told)}."] if told else []

    def out_of_bounds(self, nearest: Standing, choice: Choice) -> list[str]:
        """Say which variant comes nearest to the bounds, and by how much all miss it."""
        why = {name: ", ".join(one.words for one in found) for name, found in choice.misses.items() if found}
        enough = "accurate enough" if self._is_labelled else f"close enough to `{self._reference}`"
        proven = f"known to be {enough} " if not all(choice.misses.values()) else ""
        rest = "; ".join(f"`{name}`: {told}" for name, told in why.items() if name != nearest.name)
        first = f"No {self._noun} {proven}meets {self._bounds.sentence}; the nearest is `{nearest.name}`"
        return [
            f"{first}: {why[nearest.name]}.",
            *(f"`{one.name}` meets it: {self._evidence(one.name)}." for one in choice.faster),
            *([f"What the others miss it by: {rest}."] if rest else []),
        ]

    def nothing(self, name: str, sizes: Mapping[str, int | None]) -> str:
        """Say which variant is best supported where no load can be believed."""
        ours, of_reference = sizes.get(name), sizes.get(self._reference)
        size = f", {_size(ours, of_reference)}" if ours and name != self._reference else ""
        by = "accuracy" if self._is_labelled else f"agreement with `{self._reference}`"
        and_size = " and size" if any(sizes.values()) else ""
        return (
            "Of speed nothing is known: no load can be believed. "
            f"By {by}{and_size} alone "
            f"`{name}` is the best supported{size}."
        )

    def unmeasured(self, unproven: Sequence[Standing]) -> str:
        """Say what is best where nothing that was measured is known to be accurate enough."""
        now = " for now" if unproven else ""
        answer = f"{self._ship} `{self._reference}`{now}, of whose speed this run says nothing: "
        if not unproven:
            less = "is less accurate" if self._is_labelled else "agrees too little with it"
            return f"{answer}what was measured {less}."
        may = "be less accurate" if self._is_labelled else "agree too little with it"
        return f"{answer}{_names(unproven)} can be believed, and may {may}."

    def left_out(
        self, misses: Mapping[str, Sequence[Miss]], *, told_of: Sequence[Standing] = ()
    ) -> list[str]:
        """Name the variants that miss the bounds, and those that are not known to be accurate enough."""
        told = {one.name for one in told_of}
        sentences = [
            f"`{name}` does not meet {self._bounds.sentence}: {', '.join(one.words for one in found)}."
            for name, found in misses.items()
            if found
        ]
        if self._bounds.min_accuracy is not None:
            return sentences
        for name, one in self._accuracies.certificates.items():
            if name not in self._names:
                continue
            if one.judgement == "worse":
                sentences.append(f"`{name}` {falls_short(self._accuracies.yardstick)}: {one.points}.")
            elif one.judgement != "no worse" and name not in told:
                sentences.append(f"`{name}`: {self._evidence(name)}.")
        return sentences

    def without_reference(self, best: Standing) -> str:
        """Say which is the most accurate where there is nothing to hold it to."""
        most = "is the most accurate" if self._is_labelled else "agrees most"
        return (
            f"{self._ship} `{best.name}` for now: of what was measured it {most}, but there is no "
            f"`{self._reference}` to hold it to"
            f"{', and no --min-accuracy says what is enough' if self._is_labelled else ''}."
        )

    def mixed(self, choice: Choice, others: Sequence[Standing]) -> list[str]:
        """Name the variants that are faster than the best with some numbers of rows, if that is not said."""
        best, sentences = choice.best, []
        for other in others:
            if other is choice.reference and other is not best and self._is_mixed(best, other):
                continue  # said where the best is set against it
            pairs = other.beside(best)
            leads = [self._speeds.lead([pair]) for pair in pairs]
            if other is not best and len({one.side for one in leads} - {0}) > 1:
                mix = "as they are weighted" if self._bounds.weights else "of which --weight says the mix"
                sentences.append(
                    f"`{other.name}` against `{best.name}`, in {self._speeds.lead(pairs).words}: "
                    f"{self._by_rows(other, best)}; over all loads, {mix}, it is not ahead."
                )
        return sentences

    def _against(self, best: Standing, reference: Standing | None) -> str:
        accuracy = self._accurate(best)
        if reference is None:
            return f"{accuracy}, {_size(best.bytes)}" if best.bytes else accuracy
        speed = self._speeds.lead(best.beside(reference)).against(self._reference)
        if self._is_mixed(best, reference):
            speed += f" over all loads ({self._by_rows(best, reference)})"
        size = f", {_size(best.bytes, reference.bytes)}" if best.bytes else ""
        return f"{speed}, {accuracy}{size}"

    def _met(self, best: Standing) -> str:
        met = f"`{best.name}` meets {self._bounds.sentence}"
        if unproven := best.unproven(self._bounds):
            met += f", which is not proven: the interval of {'; '.join(unproven)} reaches beyond the bound"
        return f"{met}."

    def _accurate(self, one: Standing) -> str:
        """Say what is known of its accuracy."""
        certificate = self._accuracies.of_variant(one.name)
        value = f"{one.accuracy.value:.4f} ({one.accuracy.low:.4f} to {one.accuracy.high:.4f})"
        value = f"{self._accuracies.yardstick.word} {value}"
        if certificate is None or certificate.difference is None:
            return value
        if self._bounds.min_accuracy is not None:
            return f"{value}, {certificate.points}"
        return f"{self._as_good} within {self._margin} ({certificate.points})"

    def _evidence(self, name: str) -> str:
        """Say why a variant is not certified, and what it would take."""
        certificate = self._accuracies.of_variant(name)
        if certificate is None or certificate.difference is None:
            whether = f"whether it {'is ' if self._is_labelled else ''}{self._as_good}"
            kept = "predictions of both are kept" if self._noun == "variant" else "row was answered by both"
            return f"{whether} is not known: no {kept}"
        more = certificate.rows_more
        takes = "it is too near the margin for any number" if more is None else f"about {more:,} more would"
        rows = rows_in_words(certificate.difference.rows)
        what = f"{'it' if self._is_labelled else 'that it'} {self._as_good} within {self._margin}"
        return f"{rows} do not prove {what} ({certificate.points}); {takes}"

    @property
    def _better_than_reference(self) -> str:
        if self._bounds.min_accuracy is not None:
            return "faster"
        return f"known to {'be as accurate and' if self._is_labelled else 'agree with it and be'} faster"

    @property
    def _as_good(self) -> str:
        how = "as accurate as" if self._is_labelled else "agrees with"
        return f"{how} `{self._reference}`"

    @property
    def _margin(self) -> str:
        return in_points(self._accuracies.margin)

    def _unproven(self, best: Standing, faster: Sequence[Standing]) -> str:
        first = faster[0]
        lead = self._speeds.lead(first.beside(best)).against(best.name)
        return (
            f"{self._ship} `{best.name}` for now: `{first.name}` is {lead}, but {self._evidence(first.name)}."
        )

    def _tie(self, choice: Choice) -> str:
        best, first = choice.best, choice.tied[0]
        lead = self._speeds.lead(best.beside(first))
        names = _names([best, *choice.tied])
        how = "are alike" if lead.is_alike else "cannot be told apart"
        return (
            f"{names} {how} in {lead.words}, {lead.times} that of `{first.name}`: take `{best.name}`, since "
            f"it {self._reason(best, first)}."
        )

    def _reason(self, best: Standing, other: Standing) -> str:
        if best.bytes and other.bytes and best.bytes * ALIKE < other.bytes:
            return f"is smaller ({best.bytes / 1000:,.3g} KB against {other.bytes / 1000:,.3g} KB)"
        is_short = self._speeds.excess(best.beside(other)) > 0
        return "has the shorter tail" if is_short else "is ahead by its figures"

    def _which_tells(self, best: Standing, other: Standing) -> str:
        """Say where only one of processor time and throughput tells two variants apart, or they disagree."""
        leads = {one.figure: one for one in self._speeds.leads(best.beside(other))}
        if set(leads) != {COST, THROUGHPUT}:
            return ""
        cost, throughput = leads[COST], leads[THROUGHPUT]
        if cost.side == throughput.side:
            return ""
        told = f"`{best.name}` has {cost.times} the rows per core-second of `{other.name}`"
        is_known = throughput.ratio.is_bounded
        told += f" and {throughput.times} the throughput" if is_known else ", and the throughput is not known"
        if cost.side and throughput.side:
            return f"{told}: they contradict each other, and the throughput, which callers see, decides."
        return f"{told}: only the {'processor time' if cost.side else 'throughput'} tells them apart."

    def _is_mixed(self, one: Standing, other: Standing) -> bool:
        values = [self._speeds.lead([pair]).ratio.value for pair in one.beside(other)]
        return min(values) < 1 / ALIKE and max(values) > ALIKE

    def _by_rows(self, one: Standing, other: Standing) -> str:
        """Return `2.1 times with 1 row, 0.3 times with 32 rows`."""
        ratios = {pair[0].rows_per_request: self._speeds.lead([pair]).plain for pair in one.beside(other)}
        return ", ".join(
            f"{ratio.value:.2f} times with {rows_in_words(rows)}" for rows, ratio in ratios.items()
        )

    def _figures(self, best: Standing) -> str:
        told = [
            f"{_level(load, self._speeds.figures[0])} with {rows_in_words(load.rows_per_request)} a request"
            for load in best.loads
        ]
        return f"`{best.name}` came to {'; '.join(told)}."


def falls_short(yardstick: Yardstick) -> str:
    """Say of a variant that more than the margin is lost."""
    how = "is less accurate than" if yardstick.is_labelled else "agrees too little with"
    return f"{how} `{yardstick.reference}`"


def _size(ours: int, theirs: int | None = None) -> str:
    return f"{ours / theirs:.0%} of the size" if theirs else f"{ours / 1000:,.0f} KB"


def _level(load: Measured, figure: str) -> str:
    """Say what a load came to in the figure that decides first, and its p99."""
    if load.peak:
        peak = rate_in_words(load.peak.requests_per_s or 0)
        return f"peak {peak} requests/s at p99 of {load.peak.bound_ms:g} ms"
    if not load.answers and load.cost:
        return f"{rate_in_words(load.cost.value)} rows per core-second"
    p99 = "unknown" if load.p99 is None else f"{load.p99:.3g} ms"
    if figure == GOODPUT:
        return f"{rate_in_words(load.goodput_per_s)} requests/s in time, p99 {p99}"
    if figure == P50 and load.p50 is not None:
        return f"p50 {load.p50:.3g} ms, p99 {p99}"
    return f"{rate_in_words(load.rows_per_s)} rows/s, p99 {p99}"


def _names(known: Sequence[Standing]) -> str:
    *first, last = (f"`{one.name}`" for one in known)
    return f"{', '.join(first)} and {last}" if first else last
