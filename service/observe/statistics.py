"""What the metrics add up to, variant by variant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from prometheus_client.samples import Sample


@dataclass(slots=True)
class Totals:
    """What came of the requests to one variant, whichever version answered, since the service began.

    The seconds are those of requests answered with 200; of `infer` each counts the whole call it shared.
    """

    outcomes: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    """How many requests ended in each way: the status answered, or 'disconnected'."""
    within: dict[float, int] = field(default_factory=dict)
    """How many requests answered with 200 took at most so many seconds."""
    rows: int = 0
    calls: int = 0
    """Of the runtime."""
    request_s: float = 0.0
    stages_s: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """By the name of each stage."""
    choices: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    """How often the service chose it, by the reason."""

    @property
    def answered(self) -> int:
        """How many requests were answered with 200."""
        return self.outcomes.get("200", 0)

    @property
    def failed(self) -> int:
        """How many were answered with another status, or gone before."""
        return sum(self.outcomes.values()) - self.answered


def totals(samples: Iterable[Sample]) -> dict[tuple[str, str], Totals]:
    """Return the totals of each model and variant that has any."""
    found: defaultdict[tuple[str, str], Totals] = defaultdict(Totals)
    for sample in samples:
        labels, value = sample.labels, sample.value
        if not labels.get("variant"):
            continue
        one = found[labels["model"], labels["variant"]]
        match sample.name:
            case "requests_total":
                one.outcomes[labels["outcome"]] += int(value)
            case "request_seconds_bucket":
                one.within[float(labels["le"])] = int(value)
            case "choices_total":
                one.choices[labels["reason"]] += int(value)
            case "rows_total":
                one.rows += int(value)
            case "batch_rows_count":
                one.calls += int(value)
            case "request_seconds_sum":
                one.request_s += value
            case "stage_seconds_total":
                one.stages_s[labels["stage"]] += value
    return dict(found)
