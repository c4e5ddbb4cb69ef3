"""What Prometheus sees of the cascades: what share of rows goes on, and what is to be expected of it."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import Counter, Gauge

from bundle.manifest import CascadeSpec


class CascadeSeries:
    """What one version's cascade has counted; it is handed on when somebody asks, or now and then."""

    def __init__(self, rows: Counter, escalated: Counter) -> None:
        self._rows = rows
        self._escalated = escalated
        self._kept_rows = self._kept_escalated = 0
        self.is_shifted = False

    def observe(self, rows: int, escalated: int) -> None:
        """Count the rows of a request, and those of them that went on."""
        self._kept_rows += rows
        self._kept_escalated += escalated

    def tell(self, is_shifted: bool) -> None:
        """Take note whether the share of rows that go on has left its band."""
        self.is_shifted = is_shifted

    def hand_on(self) -> None:
        """Give what was kept to Prometheus' counters."""
        rows, self._kept_rows = self._kept_rows, 0
        escalated, self._kept_escalated = self._kept_escalated, 0
        self._rows.inc(rows)
        self._escalated.inc(escalated)


class CascadeMetrics:
    """The series of all models that have a cascade."""

    def __init__(
        self,
        counter: Callable[[str, str, list[str]], Counter],
        gauge: Callable[[str, str, list[str], str], Gauge],
        end: Callable[..., None],
    ) -> None:
        """`counter` and `gauge` make a series, and `end` ends one of a gauge, whose labels it is given."""
        of_model = ["model"]
        self._rows = counter(
            "cascade_rows", "Rows that the first variant of a cascade has answered.", of_model
        )
        self._escalated = counter(
            "escalated_rows", "Those of cascade_rows that went on to the second variant.", of_model
        )
        self._share = gauge(
            "escalated_share",
            "The share of rows to be expected to go on while the data are as they were, and the ends of the "
            "band in which it then stays. What went on is escalated_rows_total over cascade_rows_total.",
            [*of_model, "bound"],
            "livemax",
        )
        self._shifted = gauge(
            "escalation_shifted",
            "1 where the share of rows that go on has left its band, in any worker: the data have shifted.",
            of_model,
            "livemax",
        )
        self._end = end
        self._series: dict[tuple[str, int], CascadeSeries] = {}
        self._serving: dict[str, int] = {}

    def of(self, model: str, version: int) -> CascadeSeries:
        """Return what the cascade of a version counts with."""
        series = self._series.get((model, version))
        if series is None:
            counters = self._rows.labels(model), self._escalated.labels(model)
            series = self._series[model, version] = CascadeSeries(*counters)
        return series

    def serve(self, model: str, version: int, spec: CascadeSpec | None) -> None:
        """Announce what is to be expected of the version that serves, if it has a cascade."""
        if spec is None:
            self.forget(model)
            return
        self._serving[model] = version
        shares = {"expected": spec.escalated, "low": spec.escalated_low, "high": spec.escalated_high}
        for bound, share in shares.items():
            self._share.labels(model, bound).set(share)
        self._shifted.labels(model).set(self.of(model, version).is_shifted)

    def forget(self, model: str) -> None:
        """Announce that a model has no cascade any more."""
        if self._serving.pop(model, None) is not None:
            for bound in ("expected", "low", "high"):
                self._end(self._share, model, bound)
            self._end(self._shifted, model)

    def hand_on(self) -> None:
        """Give what all have counted to Prometheus."""
        for (model, version), series in tuple(self._series.items()):
            series.hand_on()
            if self._serving.get(model) == version:
                self._shifted.labels(model).set(series.is_shifted)
