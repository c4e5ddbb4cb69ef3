"""The parts that learn from live requests, put together, and what all workers have learnt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from bundle.manifest import Manifest
from evidence.estimate import Estimate
from service.live import expected
from service.live.answers import Answers
from service.live.feedback import Feedback
from service.live.shadow import Outcome, Shadow
from service.live.tallies import Expected, Tallies
from service.observe.metrics import Metrics
from service.observe.workers import Workers
from service.repository.registry import Registry

AGREEMENT = "shadow_agreement"
ACCURACY = "feedback_accuracy"
_OF = ["model", "version", "variant"]


@dataclass(frozen=True)
class LiveShare:
    """A share as all workers have counted it, and what the test rows said of it."""

    variants: tuple[str, ...]
    trials: int
    share: Estimate
    """Its interval is valid at every look."""
    expected: Estimate | None
    alarm: bool


class LiveShares(NamedTuple):
    """Those of one version, as far as there is anything to tell."""

    agreements: list[LiveShare]
    """Of each variant, with the one in its shadow."""
    accuracies: list[LiveShare]


class Live:
    """Answers with ids, their feedback, and the shadow, of one worker of `workers`."""

    def __init__(
        self,
        registry: Registry,
        metrics: Metrics,
        *,
        feedback_rows: int,
        shared: Workers | None,
        workers: int,
    ) -> None:
        """`shared` is what workers know each other by, None where there is one. Raises OSError."""
        self._registry = registry
        self._metrics = metrics
        self._workers = workers
        self.answers = Answers(registry, feedback_rows, shared)
        of = "Rows of which POST /feedback said what was right, those answered so"
        self.feedback = Feedback(
            self.answers, self._tallies(ACCURACY, of, _OF, "accuracy", expected.accuracy)
        )

    def shadow(self, variant: str, share: float, waiting_rows: Callable[[], int]) -> Shadow:
        """Return what lets a variant answer a share of the requests as well."""
        of = "Requests answered by a shadow as well, by the share of their rows with the same label"
        agreement = self._tallies(AGREEMENT, of, [*_OF, "shadow"], "agreement", expected.agreement)
        shadow = Shadow(variant, share, registry=self._registry, waiting_rows=waiting_rows, tallies=agreement)
        requests = self._metrics.counter(
            "shadow_requests",
            "Requests that were picked for a shadow, by what became of them: compared, skipped as somebody "
            "else waited, or failed.",
            ["model", "variant", "shadow", "outcome"],
        )
        told: Counter[Outcome] = Counter()

        def hand_on() -> None:
            new = shadow.outcomes - told
            for labels, count in new.items():
                requests.labels(*labels).inc(count)
            told.update(new)

        self._metrics.call_before_reading(hand_on)
        return shadow

    def shares(self, model: str, version: int, manifest: Manifest) -> LiveShares:
        """Return what is known of the variants of a version."""
        counts = self._metrics.counts()

        def of(name: str, expects: Expected) -> list[LiveShare]:
            found = []
            for labels, trials, share, alarm in counts.get(name, ()):
                if (labels["model"], labels["version"]) == (model, str(version)):
                    variants = tuple(labels[key] for key in ("variant", "shadow") if key in labels)
                    found.append(LiveShare(variants, trials, share, expects(manifest, *variants), alarm))
            return found

        return LiveShares(of(AGREEMENT, expected.agreement), of(ACCURACY, expected.accuracy))

    def _tallies(self, name: str, of: str, labels: list[str], what: str, expects: Expected) -> Tallies:
        series = self._metrics.share(name, of, labels)
        tallies = Tallies(what, self._registry, series, expects, workers=self._workers)
        self._metrics.call_before_reading(tallies.hand_on)
        return tallies
