"""One ladder's rungs and its cascade: what each gets right on the test rows, and what a row takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

from benchmarks.errors import BenchmarkError
from benchmarks.measure.rounds import Samples, paired
from bundle.bundle import Bundle
from bundle.manifest import CASCADE, CascadeSpec
from evidence.estimate import Estimate
from evidence.paired import Pairs, Verdict, judge, judge_all
from evidence.ratios import level_of_logs

TRIMMED = 0.1  # of the turns, at each end: another program may have had the core


@dataclass(frozen=True)
class Contender:
    """A rung, or the cascade. The reference is not judged."""

    name: str
    accuracy: float
    pairs: Pairs
    """Of its answers and the reference's to the test rows."""
    verdict: Verdict | None
    row_us: Estimate
    """Processor time."""
    holds_on_validation: bool
    """Whether the rows that choose show it to be no worse."""

    @property
    def is_no_worse(self) -> bool:
        return self.verdict is None or self.verdict.judgement == "no worse"


@dataclass(frozen=True)
class Contest:
    """All of one ladder, measured. `ratios` are rows a core-second, as times the best single rung's."""

    contenders: tuple[Contender, ...]
    best: str
    """The fastest single rung that the test rows prove to be no worse."""
    usual: str
    """The fastest single rung that the validation rows showed to be no worse: what the cascade was chosen
    against."""
    ratios: Mapping[str, Estimate]
    against_usual: Estimate | None
    """The cascade's ratio to that one; None without a cascade."""
    spec: CascadeSpec | None

    def reaches(self, aim: float) -> bool:
        """Tell whether there is a cascade, proved to be no worse, whose ratio is what was aimed at."""
        cascade = next((one for one in self.contenders if one.name == CASCADE), None)
        return cascade is not None and cascade.is_no_worse and self.ratios[CASCADE].value >= aim


def contest(bundle: Bundle, margin: float, rows: int, samples: Samples) -> Contest:
    """Bring together what a bundle says and what was measured, of calls of so many `rows`.

    Raises BenchmarkError where the bundle does not hold what its variants predicted.
    """
    known, manifest = bundle.predictions(), bundle.manifest
    if known is None:
        raise BenchmarkError(f"{bundle.folder} does not hold what its variants predicted")
    reference = manifest.reference
    pairs = {name: Pairs.of(known.right_on_test(name), known.right_on_test(reference)) for name in known.test}
    seen = {
        name: Pairs.of(known.right_on_validation(name), known.right_on_validation(reference))
        for name in known.test
    }
    verdicts = _verdicts(pairs, reference, margin)
    contenders = tuple(
        Contender(
            name,
            float(known.right_on_test(name).mean()),
            pairs[name],
            verdicts.get(name),
            level_of_logs([log(one.processor_us / rows) for one in samples[name]], trim=TRIMMED),
            name == reference or seen[name].difference.is_more_than(-margin),
        )
        for name in samples
    )
    singles = [one for one in contenders if one.name != CASCADE]
    best = min((one for one in singles if one.is_no_worse), key=lambda one: one.row_us.value).name
    usual = min((one for one in singles if one.holds_on_validation), key=lambda one: one.row_us.value).name
    ratios = {name: _ratio(samples, name, best) for name in samples}
    against = _ratio(samples, CASCADE, usual) if CASCADE in samples else None
    return Contest(contenders, best, usual, ratios, against, manifest.cascade)


def _verdicts(pairs: Mapping[str, Pairs], reference: str, margin: float) -> dict[str, Verdict]:
    """Judge all rungs together, and the cascade, which other rows chose, by itself."""
    rungs = {name: one for name, one in pairs.items() if name not in (reference, CASCADE)}
    cascades = {name: judge(one, margin) for name, one in pairs.items() if name == CASCADE}
    return judge_all(rungs, margin) | cascades


def _ratio(samples: Samples, name: str, other: str) -> Estimate:
    """Return how many times the rows a core-second of the other one it answers, by turns side by side."""
    logs: Sequence[float] = paired(
        lambda ours, theirs: log(theirs.processor_us / ours.processor_us), samples, name, other
    )
    return level_of_logs(logs, trim=TRIMMED)
