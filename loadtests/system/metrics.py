"""What a service says of itself at `/metrics`, in the text that Prometheus reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Self

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


class Metrics:
    """The samples of one look at `/metrics`."""

    def __init__(self, samples: list[Sample]) -> None:
        self._samples = samples

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a whole text. One that is no such text says nothing: the service need not be ours."""
        try:
            return cls([one for family in text_string_to_metric_families(text) for one in family.samples])
        except ValueError:
            return cls([])

    def value(self, name: str, labels: Mapping[str, str]) -> float | None:
        """Return the value of the sample that has these labels and no others; None where there is none."""
        return next((one.value for one in self._named(name) if one.labels == labels), None)

    def among(self, name: str, labels: Mapping[str, str]) -> float | None:
        """Return the value of the first sample that has these labels, whatever others it has; or None."""
        return next((one.value for one in self._named(name) if labels.items() <= one.labels.items()), None)

    def by(self, label: str, name: str, labels: Mapping[str, str]) -> dict[str, float]:
        """Return the values of the samples that have these labels and one more, by what that one says."""
        return {
            one.labels[label]: one.value
            for one in self._named(name)
            if label in one.labels and one.labels == {**labels, label: one.labels[label]}
        }

    def _named(self, name: str) -> Iterator[Sample]:
        return (one for one in self._samples if one.name == name)
