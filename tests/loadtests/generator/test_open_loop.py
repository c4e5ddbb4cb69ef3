"""The open loop, against a real service."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gevent
import numpy as np
import pytest

from loadtests.generator.load import Load, Preparer
from loadtests.generator.open_loop import OpenLoop
from loadtests.workload.order import Order
from tests.loadtests.conftest import counts_of


@pytest.fixture
def prepared(models: Path) -> Callable[..., Load]:
    def prepare(host: str, **changes: Any) -> Load:
        order = Order(host, str(models), "digits", 1, "int8", 1, "server", 1, 0.0, 0.0, 1.0, 50.0, 1)
        return Preparer().prepare(replace(order, **changes))

    return prepare


@pytest.mark.parametrize("stays_awake", [False, True])
def test_between_requests_the_loop_stays_awake_only_where_the_order_says_that_it_may(
    stays_awake: bool, prepared: Callable[..., Load], start_fake: Callable[..., str]
) -> None:
    load = prepared(start_fake(), stays_awake=stays_awake)
    with OpenLoop(load) as loop:
        loop.open(2)
        loop.run(np.linspace(0.0, 0.4, 20), time.perf_counter(), 0)
    assert load.samples().ok.sum() == 20
    assert (load.awake_s > 0) == stays_awake


def test_a_loop_that_is_told_to_leave_sends_nothing_more_and_waits_for_what_is_out(
    prepared: Callable[..., Load], start_fake: Callable[..., str]
) -> None:
    host = start_fake("--never-answers", "5", "--slow-ms", "50")
    load = prepared(host, timeout_s=1.0)
    with OpenLoop(load) as loop:
        loop.open(2)
        gevent.spawn_later(0.5, loop.leave)
        loop.run(np.linspace(0.0, 600.0, 30_000), time.perf_counter(), 0)
    samples = load.samples()
    requests = counts_of(host)["requests"]
    assert len(samples) == requests - 1  # the first was to see whether the service knows the variant
    assert np.count_nonzero(~samples.ok) == 1
    assert (samples.done - samples.scheduled)[~samples.ok] >= 1.0


def test_what_is_out_when_a_loop_is_broken_off_is_recorded(
    prepared: Callable[..., Load], start_fake: Callable[..., str]
) -> None:
    load = prepared(start_fake("--never-answers", "5"))
    with gevent.Timeout(0.5, False), OpenLoop(load) as loop:
        loop.open(2)
        loop.run(np.linspace(0.0, 600.0, 30_000), time.perf_counter(), 0)
    samples = load.samples()
    assert samples.errors.tolist() == ["no answer (given up when the load was ended)"]
    assert np.count_nonzero(~samples.ok) >= 1  # another may have been out as well
