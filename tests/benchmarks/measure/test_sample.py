"""A sample says how many there were, how long they took, and what that comes to."""

from __future__ import annotations

import pytest

from benchmarks.measure.sample import Sample


def test_a_sample_of_durations_has_their_percentiles_in_microseconds() -> None:
    sample = Sample.of([index / 1000 for index in range(101)], 5.0, 0.25)
    assert (sample.count, sample.seconds, sample.load_cpu) == (101, 5.0, 0.25)
    assert sample.p50_us == pytest.approx(50_000)
    assert sample.p99_us == pytest.approx(99_000)
    assert sample.per_s == pytest.approx(20.2)
    assert sample.each_us == pytest.approx(49_505, abs=1)


def test_the_processor_time_of_a_server_is_shared_among_its_requests_where_it_was_read() -> None:
    assert Sample(4000, 1.0, 1.0, 1.0, server_s=0.2).processor_us == pytest.approx(50)
    with pytest.raises(ValueError, match="was not read"):
        _ = Sample(4000, 1.0, 1.0, 1.0).processor_us


def test_one_duration_is_every_percentile() -> None:
    assert Sample.of([0.002], 1.0) == Sample(1, 1.0, 2000.0, 2000.0)
