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

    answered: int = 0
    failed: int = 0
    """Answered with another status, or gone before."""
    rows: int = 0
    calls: int = 0
    """Of the runtime."""
    request_s: float = 0.0
    stages_s: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """By the name of each stage."""


def totals(samples: Iterable[Sample]) -> dict[tuple[str, str], Totals]:
    """Return the totals of each model and variant that has any."""
    found: defaultdict[tuple[str, str], Totals] = defaultdict(Totals)
    for sample in samples:
        labels, value = sample.labels, sample.value
        if not labels.get("variant"):
            continue
        one = found[labels["model"], labels["variant"]]
        match sample.name:
            case "requests_total" if labels["outcome"] == "200":
                one.answered += int(value)
            case "requests_total":
                one.failed += int(value)
            case "rows_total":
                one.rows += int(value)
            case "batch_rows_count":
                one.calls += int(value)
            case "request_seconds_sum":
                one.request_s += value
            case "stage_seconds_total":
                one.stages_s[labels["stage"]] += value
    return dict(found)
