"""The open loop, against a real service."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from loadtests.generator.load import Preparer
from loadtests.generator.open_loop import OpenLoop
from loadtests.workload.order import Order


@pytest.mark.parametrize("stays_awake", [False, True])
def test_between_requests_the_loop_stays_awake_only_where_the_order_says_that_it_may(
    stays_awake: bool, models: Path, start_fake: Callable[..., str]
) -> None:
    host = start_fake()
    order = Order(
        host,
        str(models),
        "digits",
        1,
        "int8",
        1,
        "server",
        1,
        0.0,
        0.0,
        1.0,
        50.0,
        1,
        stays_awake=stays_awake,
    )
    load = Preparer().prepare(order)
    with OpenLoop(load) as loop:
        loop.open(2)
        loop.run(np.linspace(0.0, 0.4, 20), time.perf_counter(), 0)
    assert load.samples().ok.sum() == 20
    assert (load.awake_s > 0) == stays_awake
