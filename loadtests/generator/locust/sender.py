"""Sends one load after another with Locust, without its page and its command line, in this process.

Starting Locust takes longer than a turn lasts, and variants take turns; so it is started once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gevent
from locust.env import Environment

from loadtests.errors import LoadTestError
from loadtests.generator.load import Load, Preparer
from loadtests.generator.locust.conductor import take, undisturbed
from loadtests.generator.locust.plugin import Plugin
from loadtests.generator.locust.shape import ScenarioShape
from loadtests.generator.locust.users import ClosedLoopUser, OpenLoopUser
from loadtests.generator.open_loop import GRACE_S
from loadtests.measure.samples import Samples
from loadtests.measure.turn import Taken
from loadtests.workload.block import Block
from loadtests.workload.order import Order
from loadtests.workload.scenarios import SCENARIOS, SHAPED

_MARGIN_S = 0.1  # so that the users are at work for the whole of the window
_LINGER_S = 1.0  # of a shape: it begins a little before the users do
_SLACK_S = 1.0  # beyond the time-out, by which a user has given its request up by itself
_STEP_S = 0.05


class _Client(ClosedLoopUser):
    """A client of a closed loop."""


class _Arrivals(OpenLoopUser):
    """The sender of an open loop."""


class OrderedShape(ScenarioShape):
    """The users of an order that come and go."""

    def __init__(self, order: Order) -> None:
        super().__init__()
        self.scenario, self.seconds, self.most = order.scenario, order.seconds, order.users
        self.linger_s = _LINGER_S


class Sender:
    """Sends the loads of orders, each as a Locust test of its own."""

    def __init__(self) -> None:
        self._preparer = Preparer()  # which keeps what was encoded for earlier orders

    def send(self, order: Order) -> Samples:
        """Send one load and return its samples. Raises LoadTestError."""
        scenario = SCENARIOS[order.scenario]
        environment = Environment(
            user_classes=[_Arrivals if scenario.is_scheduled else _Client],
            shape_class=OrderedShape(order) if scenario.kind == SHAPED else None,
            host=order.host,
            stop_timeout=order.timeout_s + _SLACK_S,
        )
        runner: Any = environment.create_local_runner()
        plugin = Plugin(environment, lambda: order, preparer=self._preparer, is_watched=False)
        environment.predict = plugin
        plugin.listen()
        plugin.prepare()
        load = plugin.load()
        assert load is not None  # noqa: S101 - prepared above
        with undisturbed():
            try:
                _run(runner, load)
                runner.stop()
            finally:
                runner.quit()
        return load.samples()

    def take(self, block: Block, note: Callable[[], None] = lambda: None) -> Taken:
        """Have the loads of a block take their turns, and call `note` after each. Raises LoadTestError."""
        return take(block, self._preparer, note)


def _run(runner: Any, load: Load) -> None:
    """Have the users at work for as long as the order says."""
    order, scenario = load.order, SCENARIOS[load.order.scenario]
    if scenario.kind == SHAPED:
        load.recorder.spawned = float("nan")
        runner.start_shape()
    else:
        users = 1 if scenario.is_scheduled else order.users
        runner.start(users, spawn_rate=users)
    _wait(lambda: load.recorder.spawned >= 0, order.seconds)
    if scenario.is_scheduled:
        load.schedule_is_over.wait(order.seconds + GRACE_S + 5)
    else:
        gevent.sleep(order.seconds + _MARGIN_S)


def _wait(condition: Callable[[], bool], seconds: float) -> None:
    with gevent.Timeout(seconds + 30.0, LoadTestError("the users did not start")):
        while not condition():
            gevent.sleep(_STEP_S)
