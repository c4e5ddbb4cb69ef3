"""What is left of a wide request's time, by numbers."""

from __future__ import annotations

from benchmarks.measure.sample import Sample
from benchmarks.parts.wide import figures

SAMPLES = {
    "ours": [Sample(10_000, 1.0, 150.0, 0.0)],  # 100 microseconds each
    "bare": [Sample(25_000, 1.0, 70.0, 0.0)],  # 40
    "model": [Sample(40_000, 1.0, 24.0, 0.0)],  # 25
}


def test_the_overhead_is_what_bare_asgi_and_the_model_leave() -> None:
    found = {figure.name: round(figure.median, 6) for figure in figures("int8", SAMPLES, saturated=True)}
    assert found["int8: overhead, µs"] == 35.0
    assert found["int8: overhead / whole"] == 0.35


def test_with_one_connection_the_p50_counts() -> None:
    [overhead] = [one for one in figures("int8", SAMPLES, saturated=False) if one.aim]
    assert overhead.median == 56.0
    assert overhead.is_met is False
