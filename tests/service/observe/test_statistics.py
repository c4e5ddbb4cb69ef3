"""What the metrics add up to is what was counted."""

from __future__ import annotations

from service.observe.metrics import Metrics
from service.observe.statistics import totals


def test_answers_failures_and_stages_add_up_for_each_variant() -> None:
    metrics = Metrics(lambda: 0)
    series = metrics.variant("digits", "int8")
    for rows in (1, 3):
        series.observe_answer(rows, 1.0, 0.1, 0.2, 0.3, 0.4)
    series.observe_call(4, 0.3)
    metrics.outcome("digits", "int8", "400").inc()
    metrics.outcome("digits", "int8", "disconnected").inc()
    metrics.outcome("", "", "404").inc()
    metrics.variant("digits", "float32").observe_call(2, 0.3)
    found = totals(metrics.samples())
    assert found.keys() == {("digits", "int8"), ("digits", "float32")}
    int8 = found["digits", "int8"]
    assert (int8.answered, int8.failed, int8.rows, int8.calls, int8.request_s) == (2, 2, 4, 1, 2.0)
    assert int8.stages_s == {"decode": 0.2, "wait": 0.4, "infer": 0.6, "encode": 0.8}
    assert (found["digits", "float32"].answered, found["digits", "float32"].calls) == (0, 1)
