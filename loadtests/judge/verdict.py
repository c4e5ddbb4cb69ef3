"""The verdict of a run: which variant to ship, by bounds and evidence, and what is to be said with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod

from evidence.estimate import ALIKE, ALIKE_TAIL
from loadtests.experiment.blocks import Stop
from loadtests.experiment.measured import Measured
from loadtests.judge import objections
from loadtests.judge.answer import Answer, Choice, Kind, Words
from loadtests.judge.bounds import Bounds
from loadtests.judge.certificate import Accuracies, Certificate
from loadtests.judge.contrast import Contrasts
from loadtests.judge.dominance import Rung, dominated, front
from loadtests.judge.speed import Speeds, axes_of
from loadtests.judge.standing import Miss, Standing, has_failures, standings

GATE, VOID = 1, 3  # exit codes
_SHIPS: set[Kind] = {"ship", "tie", "unproven"}


@dataclass(frozen=True)
class Verdict:
    """The answer; who is certified, and who dominated by whom; and the sentences that say so."""

    answer: Answer
    recommended: str | None
    """What to ship; None where the answer names only what is nearest to the bounds, or nothing was seen."""
    certificates: dict[str, Certificate]
    """By variant, those that were not load-tested as well."""
    dominated: dict[str, str]
    """Variant: one that is known to be as good in accuracy, speed, tail and size, and better in one."""
    front: tuple[Rung, ...]
    """The variants that were measured and are not dominated, the most accurate first."""
    figures: tuple[str, ...]
    """By which the variants were told apart, such as `rows_per_core_s`, the first of them first."""
    sentences: tuple[str, ...]
    """The answer first."""
    is_void: bool
    """At least one load cannot be believed."""
    is_met: bool
    """The bounds, if there are any, are met by the variant that is recommended."""
    is_sound: bool
    """No check found anything of the service, and no request failed that should not."""

    def code(self, *, lost: bool = False) -> int:
        """Return the exit code of a run; `lost` is whether a variant failed, and was not measured at all."""
        if self.is_void:
            return VOID
        if lost or not (self.is_met and self.is_sound):
            return GATE
        return VOID if self.answer.kind == "void" else 0


def judge(
    loads: Sequence[Measured],
    bounds: Bounds | None = None,
    contrasts: Contrasts | None = None,
    stop: Stop | None = None,
) -> Verdict:
    """Weigh the variants against each other, against the reference, and against the bounds."""
    bounds = Bounds() if bounds is None else bounds  # one without bounds still has a margin and weights
    contrasts = contrasts or Contrasts()
    accuracies = contrasts.accuracies
    known = standings(loads, accuracies)
    counted = [load for one in known.values() for load in one.loads]
    speeds = Speeds(contrasts, counted, bounds)
    beaten = dominated(known, speeds, accuracies)
    sizes = {load.variant: load.variant_bytes for load in loads}
    of_all = f"{accuracies.yardstick.word}, speed{', tail and size' if all(sizes.values()) else ' and tail'}"
    answer, sentences = _Judge(sizes, known, beaten, speeds, accuracies, bounds).answer()
    void = objections.says_what_is_void(loads)
    found = [*objections.says_what_failed(loads), *objections.findings(loads)]
    best = known.get(answer.variant)
    return Verdict(
        answer,
        answer.variant if answer.kind in _SHIPS else None,
        dict(accuracies.certificates),
        beaten,
        front(known, beaten, speeds, known.get(accuracies.reference)),
        speeds.figures or axes_of(loads),
        (
            sentences[0],
            *([caveat] if (caveat := accuracies.yardstick.caveat) else ()),
            *sentences[1:],
            *objections.says_how_sure(loads, known, accuracies, stop),
            *void,
            *(objections.doubts(best, list(known.values()), contrasts) if best else ()),
            *objections.says_whether_model_matters(loads, accuracies.reference),
            *(
                f"`{worse}` is dominated by `{better}`: known to be as good in {of_all}, and better in one."
                for worse, better in beaten.items()
            ),
            *found,
        ),
        is_void=bool(void),
        is_met=not bounds or (answer.kind in _SHIPS and best is not None),
        is_sound=not objections.findings(loads) and not any(map(has_failures, loads)),
    )


class _Judge:
    """Chooses among the variants of a run."""

    def __init__(
        self,
        sizes: Mapping[str, int | None],
        known: Mapping[str, Standing],
        beaten: Mapping[str, str],
        speeds: Speeds,
        accuracies: Accuracies,
        bounds: Bounds,
    ) -> None:
        """`sizes` are those of all that was measured, in bytes, or None; `known` is what can be believed."""
        self._sizes = sizes
        self._known = known
        self._beaten = beaten
        self._speeds = speeds
        self._accuracies = accuracies
        self._bounds = bounds
        self._words = Words(sizes, speeds, accuracies, bounds)

    def answer(self) -> tuple[Answer, list[str]]:
        """Return the answer, and the sentences that say it."""
        sound = [one for one in self._known.values() if not one.has_failures]
        misses = {name: one.unmet(self._bounds) for name, one in self._known.items()}
        within = [one for one in sound if not misses[one.name]]
        enough = [one for one in within if self._is_accurate_enough(one)]
        eligible = [one for one in enough if self._accuracies.is_proven(one.name, self._bounds)] or enough
        unproven = [one for one in within if one not in eligible and not self._is_worse(one)]
        if eligible:
            return self._ship(eligible, unproven, misses)
        if sound and self._bounds and (nearest := self._nearest(sound, misses)):
            choice = Choice(nearest, faster=tuple(unproven), misses=misses)
            others = tuple(one.name for one in unproven)
            told = [*self._words.out_of_bounds(nearest, choice), *self._words.left_out({}, told_of=unproven)]
            return Answer("out_of_bounds", nearest.name, others), told
        return self._unmeasured(unproven)

    def _ship(
        self, eligible: list[Standing], unproven: list[Standing], misses: dict[str, list[Miss]]
    ) -> tuple[Answer, list[str]]:
        best = self._best(eligible)
        order = {one.name: -self._ahead(one, best) for one in (*eligible, *unproven)}
        eligible, unproven = (sorted(some, key=lambda one: order[one.name]) for some in (eligible, unproven))
        tied = tuple(one for one in eligible if one is not best and self._is_open(one, best))
        faster = tuple(one for one in unproven if self._is_ahead(one, best))
        choice = Choice(best, tied, faster, self._known.get(self._accuracies.reference), misses)
        is_proven = self._accuracies.is_proven(best.name, self._bounds)
        kind: Kind = "unproven" if faster or not is_proven else "tie" if tied else "ship"
        told = [
            *self._words.choice(choice),
            *self._words.more_accurate(best, [one for one in eligible if one.name not in self._beaten]),
            *self._words.mixed(choice, eligible),
        ]
        answer = Answer(kind, best.name, tuple(one.name for one in faster or tied))
        return answer, [*told, *self._words.left_out(misses, told_of=faster)]

    def _unmeasured(self, unproven: list[Standing]) -> tuple[Answer, list[str]]:
        """Answer where nothing that was measured may be shipped: by what is known without a load."""
        sizes, reference = self._sizes, self._accuracies.reference
        enough = [name for name in sizes if self._accuracies.is_enough(name, self._bounds)] or [reference]
        smallest = min(enough, key=lambda one: sizes.get(one) or 0)
        told = self._words.left_out({})
        if all(one.has_failures for one in self._known.values()):
            return Answer("void", smallest), [self._words.nothing(smallest, sizes), *told]
        others = tuple(one.name for one in unproven)
        if self._accuracies.is_certified(reference):
            answer = Answer("unproven" if others else "ship", reference, others)
            return answer, [self._words.unmeasured(unproven), *told]
        best = max(unproven, key=lambda one: one.accuracy.value)  # nothing is worse than what is not there
        return Answer("unproven", best.name), [self._words.without_reference(best)]

    def _is_accurate_enough(self, one: Standing) -> bool:
        return self._accuracies.is_enough(one.name, self._bounds)

    def _is_worse(self, one: Standing) -> bool:
        certificate = self._accuracies.of_variant(one.name)
        return certificate is not None and certificate.judgement == "worse"

    def _nearest(self, sound: list[Standing], misses: Mapping[str, Sequence[Miss]]) -> Standing | None:
        """Return which misses the bounds by least in all, of those accurate enough if there are any."""
        missing = [one for one in sound if misses[one.name]]
        among = [one for one in missing if self._is_accurate_enough(one)] or missing
        return min(among, key=lambda one: prod(miss.times for miss in misses[one.name]), default=None)

    def _best(self, eligible: Sequence[Standing]) -> Standing:
        """Return the fastest, or of those that are not told apart from it one that is clearly smaller, or
        else has a far shorter tail.

        As with speed, 5% of the size is nothing to choose by. One that is far behind by its figures is not
        taken for its size, however wide the interval is, and neither is one with a far longer tail.
        """
        fastest = self._fastest(eligible)
        close = [one for one in eligible if one is fastest or self._is_close(one, fastest)]
        sizes = {one.name: one.bytes for one in close if one.bytes is not None}
        smallest = min(sizes.values(), default=0)
        is_choice = len(sizes) == len(close)  # nobody is taken for a size, where not all have one
        small = [one for one in close if not is_choice or sizes[one.name] <= smallest * ALIKE]
        best = fastest if fastest in small else self._fastest(small)
        if shorter := [one for one in small if self._speeds.excess(one.beside(best)) > 0]:
            best = self._fastest(shorter)
        seen: set[str] = set()
        rivals = {one.name: one for one in eligible}
        while best.name not in seen and self._beaten.get(best.name, "") in rivals:
            seen.add(best.name)
            best = rivals[self._beaten[best.name]]
        return best

    def _fastest(self, among: Sequence[Standing]) -> Standing:
        """Return the fastest by the figures, unless another is told to be faster."""
        best = reduce(lambda one, other: other if self._ahead(other, one) > 1 else one, among)
        for _ in among:
            told = [one for one in among if self._speeds.lead(one.beside(best)).side > 0]
            if not told:
                break
            best = max(told, key=lambda one: self._ahead(one, best))
        return best

    def _ahead(self, one: Standing, other: Standing) -> float:
        return self._speeds.lead(one.beside(other)).ratio.value

    def _is_close(self, one: Standing, fastest: Standing) -> bool:
        pairs = one.beside(fastest)
        lead = self._speeds.lead(pairs)
        if lead.side < 0 or self._speeds.is_suspect(pairs):
            return False
        return lead.ratio.value >= 1 / (ALIKE_TAIL if lead.ratio.is_bounded else ALIKE)

    def _is_open(self, one: Standing, best: Standing) -> bool:
        return not self._speeds.lead(one.beside(best)).side

    def _is_ahead(self, one: Standing, best: Standing) -> bool:
        lead = self._speeds.lead(one.beside(best))
        return lead.side > 0 or (not lead.ratio.is_bounded and lead.ratio.value > ALIKE)
