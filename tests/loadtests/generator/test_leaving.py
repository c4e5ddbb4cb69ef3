"""What is out when users leave: finished, or given up at the time-out, and recorded either way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loadtests.generator.process import Generator
from loadtests.measure.summary import Window, summarise_windows
from tests.loadtests.conftest import counts_of, plain_order


@pytest.fixture
def send(generator: Generator, models: Path, tmp_path: Path) -> Callable[..., Window]:
    def sent(host: str, scenario: str, **changes: Any) -> Window:
        wanted = {"scenario": scenario, "users": 4, "timeout_s": 20.0, **changes}
        return generator.send(plain_order(models, host, **wanted), tmp_path / "s.npz")

    return sent


@pytest.mark.parametrize("scenario", ["users", "single_stream", "rise", "spike"])
def test_a_late_answer_is_waited_for_and_in_the_figures(
    scenario: str, send: Callable[..., Window], start_fake: Callable[..., str]
) -> None:
    """One request in 50 takes longer than the load: all that were, were out at its end."""
    host = start_fake("--late-every", "50", "--late-ms", "2500")
    window = send(host, scenario, users=1 if scenario == "single_stream" else 4)
    latency_s = window.samples.done - window.samples.scheduled
    requests = counts_of(host)["requests"]
    assert len(window.samples) == requests - 1
    assert np.count_nonzero(latency_s >= 2.5) == requests // 50 > 0
    summary = summarise_windows([window])
    assert summary.failures == {}
    assert summary.latency is not None
    if scenario in {"users", "single_stream"}:
        assert summary.p99_ms is not None
        assert summary.offered == len(window.samples)
        assert np.max(latency_s[window.samples.measured(window.start, window.end)]) >= 2.5


@pytest.mark.parametrize("scenario", ["users", "rise", "server"])
def test_what_is_never_answered_is_a_failure_at_least_as_late_as_the_time_out(
    scenario: str, send: Callable[..., Window], start_fake: Callable[..., str]
) -> None:
    window = send(start_fake("--never-answers", "20"), scenario, timeout_s=1.5)
    failed = ~window.samples.ok
    assert np.count_nonzero(failed) == 1
    assert (window.samples.done - window.samples.scheduled)[failed] >= 1.5
    assert sum(summarise_windows([window]).failures.values()) == 1
