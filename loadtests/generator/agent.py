"""Locust as a process that sends one load after another: an order a line in, an answer a line out.

Starting Locust takes longer than a round lasts, and rounds of variants are interleaved; so it is started
once. `python -m loadtests.generator.agent` reads `{"order": ..., "samples": FILE}` and prints
`{"error": TEXT}`, empty where the samples were written.
"""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from typing import Any

import gevent
from locust.env import Environment

from loadtests.errors import LoadTestError
from loadtests.generator.locust.plugin import Plugin
from loadtests.generator.locust.shape import ScenarioShape
from loadtests.generator.users import ClosedLoopUser, OpenLoopUser
from loadtests.measure.samples import Samples
from loadtests.workload.open_loop_limits import GRACE_S
from loadtests.workload.order import Order
from loadtests.workload.scenarios import OPEN, SCENARIOS, SHAPED

_MARGIN_S = 0.1  # so that the users are at work for the whole of the window
_LINGER_S = 1.0  # of a shape: it begins a little before the users do
_STEP_S = 0.05


class AgentUser(ClosedLoopUser):
    """A client of a closed loop."""


class AgentArrivals(OpenLoopUser):
    """The sender of an open loop."""


class AgentShape(ScenarioShape):
    """The users of a ramp or a spike."""


class Agent:
    """Sends the loads of orders, each as a Locust test of its own."""

    def __init__(self) -> None:
        self._plugin: Plugin | None = None

    def send(self, order: Order) -> Samples:
        """Send one load and return its samples. Raises LoadTestError."""
        scenario = SCENARIOS[order.scenario]
        environment = Environment(
            user_classes=[AgentArrivals if scenario.kind == OPEN else AgentUser],
            shape_class=_shape(order) if scenario.kind == SHAPED else None,
            host=order.host,
        )
        runner: Any = environment.create_local_runner()
        plugin = self._plugin_of(environment, order)
        plugin.prepare()
        load = plugin.load()
        assert load is not None  # noqa: S101 - prepared above
        # The collector stops everything for longer than a small model takes, and finds nothing here.
        gc.collect()
        gc.disable()
        try:
            if scenario.kind == SHAPED:
                load.recorder.spawned = float("nan")
                runner.start_shape()
                _wait(lambda: load.recorder.spawned >= 0, order.seconds)
                gevent.sleep(order.seconds + _MARGIN_S)
            else:
                users = 1 if scenario.kind == OPEN else order.users
                runner.start(users, spawn_rate=users)
                _wait(lambda: load.recorder.spawned >= 0, order.seconds)
                if scenario.kind == OPEN:
                    load.schedule_is_over.wait(order.seconds + GRACE_S + 5)
                else:
                    gevent.sleep(order.seconds + _MARGIN_S)
            runner.stop()
        finally:
            gc.enable()
            runner.quit()
        return load.samples()

    def _plugin_of(self, environment: Any, order: Order) -> Plugin:
        """Return a plugin for this environment that keeps what was encoded for earlier ones."""
        before = self._plugin
        self._plugin = Plugin(
            environment, lambda: order, preparer=before.preparer if before else None, is_watched=False
        )
        environment.predict = self._plugin
        self._plugin.listen()
        return self._plugin


def _shape(order: Order) -> AgentShape:
    shape = AgentShape()
    shape.scenario, shape.seconds, shape.most = order.scenario, order.seconds, order.users
    shape.linger_s = _LINGER_S
    return shape


def _wait(condition: Any, seconds: float) -> None:
    with gevent.Timeout(seconds + 30.0, LoadTestError("the users did not start")):
        while not condition():
            gevent.sleep(_STEP_S)


def main() -> None:
    """Carry orders out until there are no more."""
    agent = Agent()
    for line in sys.stdin:
        asked = json.loads(line)
        error = ""
        try:
            agent.send(Order(**asked["order"])).save(Path(asked["samples"]))
        except LoadTestError as failure:
            error = str(failure)
        sys.stdout.write(json.dumps({"error": error}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
