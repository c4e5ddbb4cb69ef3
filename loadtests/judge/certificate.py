"""The certificate of a variant: whether it is as accurate as the reference, by its predictions without HTTP.

It rests on all test rows, so neither what a run happened to send nor whether it is void has a part in it.
What is more accurate than what, for a choice, is told by the validation rows: whoever chooses on the rows
that certify certifies luck.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self, TypeAlias

import numpy as np

from bundle.bundle import Bundle
from bundle.manifest import CASCADE, REFERENCE, RESERVED
from evidence.estimate import Estimate
from evidence.paired import MARGIN, Judgement, Pairs, Yardstick, judge_all
from evidence.shares import wilson
from loadtests.errors import LoadTestError
from loadtests.experiment.measured import AccuracyDifference, ScoredLoad, rows_in_words
from loadtests.judge.bounds import Bounds
from loadtests.system.offline_predictions import read_predictions
from loadtests.workload.arrays import Floats

Right: TypeAlias = Mapping[str, Floats]
"""By variant: 1 for every row that it gets right, 0 for every other, NaN where that is not known; (rows,)."""


@dataclass(frozen=True)
class Certificate:
    """What the test rows say of a variant's accuracy."""

    judgement: Judgement
    """`no worse`: less accurate than the reference by the margin at most, which certifies it. `worse`: by
    more than that. All variants of the bundle are judged together (Holm)."""
    accuracy: Estimate
    """On the test rows, without HTTP."""
    difference: AccuracyDifference | None
    """To the reference, on the test rows; None of itself, and where the predictions of one are not known."""
    p_value: float | None
    """One-sided, of the hypothesis that the margin or more is lost, corrected likewise; None as above."""
    rows_needed: int | None
    """Where there are not enough: about how many would be; None where nobody knows, or no number would."""

    @property
    def rows_more(self) -> int | None:
        """How many more rows would decide, about."""
        if self.rows_needed is None or self.difference is None:
            return None
        return max(1, self.rows_needed - self.difference.rows)

    @property
    def points(self) -> str:
        """The difference in words: `difference -0.1 points, -0.5 to +0.3, on 360 rows`."""
        found = self.difference
        if found is None:
            return "difference not known"
        value, low, high = (f"{100 * one:+.1f}" for one in (found.value, found.low, found.high))
        return f"difference {value} points, {low} to {high}, on {rows_in_words(found.rows)}"


class Accuracies:
    """What is known of the accuracy of a bundle's variants without HTTP."""

    def __init__(
        self,
        test: Right,
        validation: Right | None = None,
        *,
        margin: float = MARGIN,
        scores: Mapping[str, Estimate] | None = None,
        yardstick: Yardstick | None = None,
    ) -> None:
        """`scores` are the accuracies of variants of which no predictions may be known.

        What is right is so by the `yardstick`, to whose reference the variants are held.
        """
        self._test = test
        self._validation = validation or {}
        self._scores = dict(scores or {})
        self.margin = margin
        self.yardstick = yardstick or Yardstick(REFERENCE)

    @classmethod
    def of(cls, bundle: Bundle, folder: Path | None = None, *, margin: float = MARGIN) -> Self:
        """Read what the bundle keeps; of an older one, what a run has predicted into a `folder`, if any.

        Raises BundleDamagedError.
        """
        scores = {
            one.name: Estimate(one.scores.accuracy, one.scores.accuracy_low, one.scores.accuracy_high)
            for one in bundle.manifest.variants
        }
        if cascade := bundle.manifest.scores(CASCADE):
            scores[CASCADE] = Estimate(cascade.accuracy, cascade.accuracy_low, cascade.accuracy_high)
        yardstick = Yardstick(bundle.manifest.reference, bundle.manifest.truth)
        kept = bundle.predictions()
        if kept is None:
            test = _predicted(bundle, folder, list(scores)) if folder else {}
            return cls(test, margin=margin, scores=scores, yardstick=yardstick)
        return cls(
            {name: kept.right_on_test(name).astype(np.float64) for name in kept.test},
            {name: kept.right_on_validation(name).astype(np.float64) for name in kept.validation},
            margin=margin,
            scores=scores,
            yardstick=yardstick,
        )

    def beside(self, seen: Right, yardstick: Yardstick) -> Accuracies:
        """Return the same with systems, of which is known what they answered in a run: see `seen_of`.

        Of those no validation rows are known, so that all are compared on the test rows.
        """
        test = {**self._test, **seen}
        return Accuracies(test, margin=self.margin, scores=self._scores, yardstick=yardstick)

    def along(self, seen: Right) -> Accuracies:
        """Return the same with what has no predictions of its own, of which is known what it answered."""
        test = {**self._test, **seen}
        return Accuracies(
            test, self._validation, margin=self.margin, scores=self._scores, yardstick=self.yardstick
        )

    @property
    def reference(self) -> str:
        """The variant that the others are compared with."""
        return self.yardstick.reference

    @property
    def is_chosen_on_validation(self) -> bool:
        """Tell whether there are validation rows to choose by; else the test rows must serve for both."""
        return bool(self._validation)

    @cached_property
    def certificates(self) -> dict[str, Certificate]:
        """Return what the test rows say of each variant."""
        pairs = self._pairs()
        verdicts = judge_all(pairs, self.margin)
        found = {}
        for name in {**self._scores, **self._test}:
            accuracy = self._accuracy(name)
            if name in pairs:
                one, difference = verdicts[name], _difference(pairs[name])
                found[name] = Certificate(one.judgement, accuracy, difference, one.p_value, one.rows_needed)
            else:
                judgement: Judgement = "no worse" if name == self.reference else "not enough rows to tell"
                found[name] = Certificate(judgement, accuracy, None, None, None)
        return found

    def of_variant(self, name: str) -> Certificate | None:
        return self.certificates.get(name)

    def is_certified(self, name: str) -> bool:
        found = self.of_variant(name)
        return found is not None and found.judgement == "no worse"

    def is_enough(self, name: str, bounds: Bounds) -> bool:
        """Tell whether a variant is as accurate as was asked for; where nothing was, if it is certified."""
        if bounds.min_accuracy is None:
            return self.is_certified(name)
        found = self.of_variant(name)
        return found is None or found.accuracy.value >= bounds.min_accuracy

    def is_proven(self, name: str, bounds: Bounds) -> bool:
        """Tell whether a variant is surely as accurate as was asked for: by the lower end of its interval."""
        if bounds.min_accuracy is None:
            return self.is_certified(name)
        found = self.of_variant(name)
        return found is not None and found.accuracy.low >= bounds.min_accuracy

    def between(self, ours: str, theirs: str) -> AccuracyDifference | None:
        """Return the difference between two variants to choose by, on the same rows; None if not known."""
        right = self._validation if self.is_chosen_on_validation else self._test
        if ours not in right or theirs not in right:
            return None
        pairs = Pairs.of_shares(right[ours], right[theirs])
        return _difference(pairs) if pairs else None

    def _pairs(self) -> dict[str, Pairs]:
        expected = self._test.get(self.reference)
        if expected is None:
            return {}
        others = {name: right for name, right in self._test.items() if name != self.reference}
        found = {name: Pairs.of_shares(right, expected) for name, right in others.items()}
        return {name: pairs for name, pairs in found.items() if pairs}

    def _accuracy(self, name: str) -> Estimate:
        if name in self._scores:
            return self._scores[name]
        known = self._test[name][~np.isnan(self._test[name])]
        return wilson(float(known.mean()) if len(known) else 0.0, len(known))


def seen_of(loads: Sequence[ScoredLoad], names: Sequence[str]) -> dict[str, Floats]:
    """Return by system the share of right answers to each test row, NaN where there was none; (rows,)."""
    found = {}
    for name in names:
        counts = [one.answered for one in loads if one.load.variant == name and one.answered]
        if counts:
            answered, right = (np.sum(one, axis=0) for one in zip(*counts, strict=True))
            found[name] = np.where(answered > 0, right / np.maximum(answered, 1), np.nan)
    return found


def candidates(accuracies: Accuracies, bundle: Bundle, bounds: Bounds, variants: Sequence[str]) -> list[str]:
    """Return those of the variants that may come to be shipped, as far as is known before a run.

    They are not known to be less accurate than is allowed, nor larger; all, where that leaves none.
    """
    return [name for name in variants if _may_be_shipped(accuracies, bundle, bounds, name)] or list(variants)


def _may_be_shipped(accuracies: Accuracies, bundle: Bundle, bounds: Bounds, name: str) -> bool:
    certificate = accuracies.of_variant(name)
    if name in RESERVED:
        return True
    if bounds.max_mb is not None and bundle.variant(name).bytes > bounds.max_mb * 1e6:
        return False
    is_open = certificate is None or certificate.judgement != "worse"
    return accuracies.is_enough(name, bounds) or (is_open and bounds.min_accuracy is None)


def _difference(pairs: Pairs) -> AccuracyDifference:
    found = pairs.difference
    return AccuracyDifference(found.value, found.low, found.high, pairs.rows)


def _predicted(bundle: Bundle, folder: Path, names: Sequence[str]) -> dict[str, Floats]:
    """Return which test rows each variant got right in what a run predicted, as far as it came."""
    _, labels = bundle.test_set()
    places = {label: place for place, label in enumerate(bundle.manifest.labels)}
    classes = np.array([places.get(label, -1) for label in labels.tolist()])
    found = {}
    for name in names:
        try:
            shape = len(classes), bundle.manifest.classes
            probabilities = read_predictions(folder / f"offline-{name}.npz", shape)[name]
        except LoadTestError:
            continue  # it was not in the run, or cannot run here
        is_known = ~np.isnan(probabilities).any(axis=1)
        right = np.full(len(classes), np.nan)
        right[is_known] = probabilities[is_known].argmax(axis=1) == classes[is_known]
        found[name] = right
    return found
