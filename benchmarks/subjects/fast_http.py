"""The program that sends loads with Locust's own FastHttpUser, the bodies being those of our generator.

Nothing imports this file: it is a black box, started as a process. It reads an order a line, in JSON, and
answers each with a sample; Locust rounds its latencies, to a millisecond at least.
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

from bundle.errors import BundleError
from loadtests.errors import LoadTestError
from loadtests.protocol.dialects.predict import Predict
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


def prepared(order: Order) -> type[Rival]:
    """Return the user that sends the order's bodies to its path. Raises LoadTestError and BundleError."""
    bundle = choose_bundle(Path(order.models), order.model, order.version)
    variant = order.variant or bundle.manifest.default_variant

    class Prepared(Rival):
        path = Predict(target_of(bundle, variant)).path
        bodies = tuple(body.content for body in build(*held_out(bundle), order.rows).bodies)

    return Prepared


def send(user: type[Rival], order: Order) -> dict[str, float]:
    """Send the load, and return what came of it after the warm-up, named as in a sample."""
    environment = Environment(user_classes=[user], host=order.host)
    runner: Any = environment.create_local_runner()
    gc.collect()
    gc.disable()
    try:
        runner.start(order.users, spawn_rate=order.users)
        gevent.sleep(order.warmup_s)
        total = environment.stats.total  # only now: another one begins with the run
        failed = total.num_failures
        environment.stats.reset_all()
        begun = time.perf_counter(), time.process_time()
        gevent.sleep(order.duration_s)
        took, used = time.perf_counter() - begun[0], time.process_time() - begun[1]
        count, failed = total.num_requests, failed + total.num_failures
        p50_ms, p99_ms = (total.get_response_time_percentile(share) for share in (0.5, 0.99))
    finally:
        gc.enable()
        runner.quit()
    if failed:
        raise LoadTestError(f"{failed} requests of FastHttpUser failed")
    return {
        "count": count,
        "seconds": took,
        "p50_us": 1e3 * p50_ms,
        "p99_us": 1e3 * p99_ms,
        "load_cpu": used / took,
    }


def main() -> None:
    """Send the loads that are ordered. Ends with one line where one cannot be sent."""
    user: type[Rival] | None = None
    for line in sys.stdin:
        order = Order.from_json(line)
        try:
            user = user or prepared(order)
            found = send(user, order)
        except (LoadTestError, BundleError) as error:
            sys.exit(f"error: {error}")
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
