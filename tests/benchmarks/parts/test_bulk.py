"""What bulk requests come to, by numbers."""

from __future__ import annotations

from benchmarks.measure.sample import Sample
from benchmarks.parts.bulk import figures


def taking(microseconds: float) -> list[Sample]:
    return [Sample(1_000_000, microseconds, 0.0, 0.0)]


def test_bulk_is_compared_with_the_model_and_with_what_receiving_the_body_leaves_of_it() -> None:
    samples = {
        "octet-stream": taking(2500),
        "bare octet-stream": taking(500),
        "JSON": taking(4000),
        "bare JSON": taking(2000),
        "model": taking(2000),
    }
    found = {figure.name: (figure.median, figure.is_met) for figure in figures("int8", samples)}
    assert found == {
        "int8: octet-stream, rows/s": (51200.0, None),
        "int8: JSON, rows/s": (32000.0, None),
        "int8: model, rows/s": (64000.0, None),
        "int8: octet-stream / model, rows/s": (0.8, False),
        "int8: octet-stream / model, ceiling": (0.8, None),
        "int8: JSON / model, rows/s": (0.5, False),
        "int8: JSON / model, ceiling": (0.5, None),
    }
