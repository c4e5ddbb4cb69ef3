from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from loadtests.generator.load import Load
from loadtests.generator.locust.page import KEPT_S, Glance
from loadtests.measure.recorder import Recorder
from loadtests.measure.summary import Summary, summarise_all
from loadtests.protocol.dialects.predict import Predict
from loadtests.protocol.endpoint import Endpoint
from loadtests.protocol.marking import Examiner
from loadtests.workload.order import Order
from loadtests.workload.payloads import build
from loadtests.workload.target import Target


class Running:
    """A test of Locust's: its load, and a count of how often somebody had it summarised."""

    def __init__(self) -> None:
        self.present: Load | None = None
        self.recorder = Recorder(1, np.arange(3))
        self.summarised = 0

    def start(self) -> None:
        x, y = np.zeros((3, 2), np.float32), np.array(["a", "b", "a"])
        order = Order("http://h", "", "m", 1, "int8", 1, "users", 1, 0.0, 0.0, 1.0, 0.0, 0)
        dialect, payloads = Predict(Target("m", 1, "int8", ("a", "b"))), build(x, y, 1)
        self.present = Load(order, Endpoint(order.host), dialect, payloads, Examiner(dialect, payloads))

    def load(self) -> Load | None:
        return self.present

    def summary(self) -> Summary:
        self.summarised += 1
        return summarise_all(self.recorder.samples())

    def answer(self) -> None:
        self.recorder.add_answer(0.0, 0.5, 0, [])


@pytest.fixture
def running() -> Running:
    return Running()


@pytest.fixture
def seconds() -> list[float]:
    """What the clock says: the last."""
    return [100.0]


@pytest.fixture
def glance(running: Running, seconds: list[float]) -> Callable[[], list[dict[str, str]]]:
    return Glance(running, clock=lambda: seconds[-1])


def test_there_is_nothing_to_see_before_the_first_test(glance: Callable[[], list[dict[str, str]]]) -> None:
    assert glance() == []


def test_many_looks_cost_one_summary_until_it_is_old(
    running: Running, seconds: list[float], glance: Callable[[], list[dict[str, str]]]
) -> None:
    running.start()
    running.answer()
    assert glance()[0]["requests"] == "1"
    running.answer()
    before = running.summarised
    for _ in range(100):
        assert glance()[0]["requests"] == "1"
    assert running.summarised == before
    seconds.append(seconds[-1] + KEPT_S)
    assert glance()[0]["requests"] == "2"


def test_another_test_is_seen_at_once(running: Running, glance: Callable[[], list[dict[str, str]]]) -> None:
    assert glance() == []
    running.start()
    assert glance()[0]["requests"] == "0"
    running.answer()
    running.start()
    assert glance()[0]["requests"] == "1"
