from __future__ import annotations

from dataclasses import replace

from loadtests.experiment.measured import Measured
from tests.loadtests.results import changed, judged, measured


def _text(*loads: Measured) -> str:
    return " ".join(judged(list(map(_of_another_host, loads))).sentences)


def _of_another_host(load: Measured) -> Measured:
    """Return a load of a service that is not ours, of which no processor time is known."""
    blocks = [replace(one, rows_per_core_s=None) for one in load.blocks]
    return changed(load, cost=None, blocks=blocks)


def test_a_gain_that_the_model_cannot_explain_is_doubted_where_no_processor_time_is_known() -> None:
    small, large = measured("float32", model_ms=0.1), measured("float32", model_ms=0.5)
    gain = measured("int8", rows_per_s=1700)
    expected = "Doubt the throughput of `int8`: 1.70 times `float32` with 1 row, where 1.11 can"
    assert expected in _text(small, gain)
    assert "Doubt" not in " ".join(judged([small, gain]).sentences)  # its cost says the same
    wide = measured("int8", rows_per_s=1700, scatter=(0.7, 1.3, 0.8, 1.2))
    slow = measured("float32", rows_per_s=1000, model_ms=0.87)
    for pair in (
        (large, gain),
        (small, wide),
        (slow, measured("int8", rows_per_s=13_000)),
        (measured("float32", model_ms=None), gain),
    ):
        assert "Doubt" not in _text(*pair)
