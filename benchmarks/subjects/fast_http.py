"""Locust's own FastHttpUser, sending the bodies that our generator sends: what it is compared with.

`python -m benchmarks.subjects.fast_http ORDER` sends one load, an order in JSON, and prints the requests answered a
second and the share of its core that they took.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path
from typing import Any

import gevent
from locust import FastHttpUser, constant, task
from locust.env import Environment

from loadtests.workload.order import Order
from loadtests.workload.payloads import build, held_out
from loadtests.workload.target import choose_bundle, target_of

_HEADERS = {"Content-Type": "application/json", "Accept-Encoding": "identity"}


class Rival(FastHttpUser):  # type: ignore[misc]  # Locust has no types
    """One client with one connection, as Locust's documentation writes it."""

    abstract = True
    wait_time = constant(0)
    bodies: tuple[bytes, ...] = ()
    path = ""

    def on_start(self) -> None:
        self.position = 0

    @task  # type: ignore[untyped-decorator]
    def post(self) -> None:
        self.client.post(self.path, data=self.bodies[self.position], headers=_HEADERS, name="/predict")
        self.position = (self.position + 1) % len(self.bodies)


def main() -> None:
    """Send the load of the order, and print what came of it."""
    order = Order.from_json(sys.argv[1])
    bundle = choose_bundle(Path(order.models), order.model, order.version)
    variant = order.variant or bundle.manifest.default_variant

    class Prepared(Rival):
        path = target_of(bundle, variant).path
        bodies = build(*held_out(bundle), order.rows).bodies

    environment = Environment(user_classes=[Prepared], host=order.host)
    runner: Any = environment.create_local_runner()
    gc.collect()
    gc.disable()
    runner.start(order.users, spawn_rate=order.users)
    gevent.sleep(order.warmup_s)
    begun = time.perf_counter(), time.process_time(), environment.stats.total.num_requests
    gevent.sleep(order.duration_s)
    took = time.perf_counter() - begun[0]
    used = time.process_time() - begun[1]
    answered = environment.stats.total.num_requests - begun[2]
    failed = environment.stats.total.num_failures
    runner.quit()
    sys.stdout.write(json.dumps({"per_s": answered / took, "cpu": used / took, "failed": failed}) + "\n")


if __name__ == "__main__":
    main()
