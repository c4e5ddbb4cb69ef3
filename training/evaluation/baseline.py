"""What costs nothing: always answering the commonest class. A model that is no better has learnt nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evidence.estimate import Estimate
from evidence.paired import Yardstick
from training.evaluation.evaluate import Evaluation


@dataclass(frozen=True)
class Baseline:
    """The class that most rows have, and the share of the rows that are right if it is always answered."""

    label: int | str
    accuracy: float

    @classmethod
    def of(cls, rows_of_class: Sequence[int], labels: Sequence[int | str]) -> Baseline:
        """Take the rows of each class, in the order of `labels`; of equals the first is the commonest."""
        index = max(range(len(labels)), key=lambda place: rows_of_class[place])
        return cls(labels[index], rows_of_class[index] / sum(rows_of_class))

    @classmethod
    def under(cls, evaluations: Sequence[Evaluation], labels: Sequence[int | str]) -> Baseline:
        """Return the baseline of the rows that variants were scored on."""
        return cls.of([sum(row) for row in evaluations[0].tally.confusion], labels)

    def __str__(self) -> str:
        return self._in_words("is right")

    def by(self, yardstick: Yardstick) -> str:
        """Say it of what is right by a yardstick."""
        return str(self) if yardstick.is_labelled else self._in_words(f"agrees with {yardstick.reference}")

    def _in_words(self, how: str) -> str:
        return f"always answering {self.label!r} {how} in {self.accuracy:.4f}"

    def is_beaten_by(self, accuracy: Estimate) -> bool:
        """Tell whether the whole interval of an accuracy lies above it."""
        return accuracy.is_more_than(self.accuracy)


def nothing_learned(
    evaluations: Sequence[Evaluation], labels: Sequence[int | str], variants: Sequence[str] = ()
) -> str | None:
    """Say which variants (of `variants`, by default of all) do not beat the baseline; None where each does.

    Rows of one class alone cannot tell: there the baseline is always right.
    """
    baseline = Baseline.under(evaluations, labels)
    judged = [one for one in evaluations if not variants or one.variant in variants]
    failed = [one for one in judged if not baseline.is_beaten_by(one.accuracy)]
    if not failed or baseline.accuracy == 1:
        return None
    best = max(failed, key=lambda one: one.scores.accuracy)
    figures = (
        f"{best.scores.accuracy:.4f} [{best.scores.accuracy_low:.3f}, {best.scores.accuracy_high:.3f}]; its "
        f"mean recall of the classes is {best.scores.recall:.4f}, by chance {1 / len(labels):.4f}"
    )
    yardstick = best.yardstick
    some = f"the {yardstick.word} of {', '.join(one.variant for one in failed)}"
    which = yardstick.word if len(failed) == len(judged) else some
    gained = "was learned" if yardstick.is_labelled else f"is left of {yardstick.reference}"
    told = f"Nothing {gained} that {which} shows"
    if best.scores.accuracy > baseline.accuracy:
        told = f"Of {best.scores.rows:,} rows, {which} cannot show that anything {gained}"
    return f"{told}: {baseline.by(yardstick)}, and {best.variant} in {figures}."
