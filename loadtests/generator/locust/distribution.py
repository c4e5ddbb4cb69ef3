"""Brings the samples of a distributed run together: each worker process sends what is new to the master."""

from __future__ import annotations

import io
import logging
import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gevent
import numpy as np

from loadtests.generator.load import Load
from loadtests.measure.samples import Samples, merge

_LOOK_S = 0.5
_COLLECT_S = 60.0  # that a master waits for the last samples of its workers, once their users have left
_READ_AT_A_TIME = 8  # answers, before other greenlets may run
_COLLECT, _SAMPLES = "predict-collect", "predict-samples"  # messages between master and workers
_KEY = "predict"  # of the packed samples in a report

_log = logging.getLogger(__name__)


class Reporter:
    """In a worker: sends the samples of its load to the master."""

    def __init__(self, environment: Any, load: Callable[[], Load | None]) -> None:
        self._runner = environment.runner
        self._load = load
        self._sent = 0  # samples that the master has
        self._runner.register_message(_COLLECT, self._finish, concurrent=True)
        environment.events.report_to_master.add_listener(self._report)

    def begin(self) -> None:
        """Count from the first sample again."""
        self._sent = 0

    def _report(self, client_id: str, data: dict[str, Any]) -> None:
        """Attach the samples since the last report, read in small portions: requests are being sent."""
        load = self._load()
        if load is None:
            return
        recorder = load.recorder
        while recorder.read_some(_READ_AT_A_TIME):
            gevent.sleep(0)
        data[_KEY] = self._pack(load)

    def _finish(self, **_: Any) -> None:
        """Stop, and send the master what it does not have yet."""
        self._runner.stop()
        load = self._load()
        self._runner.send_message(_SAMPLES, {_KEY: self._pack(load) if load is not None else b""})

    def _pack(self, load: Load) -> bytes:
        samples = load.recorder.samples(self._sent)
        self._sent += len(samples)
        content = io.BytesIO()
        samples.save(content)
        return content.getvalue()


def end_with_parent(runner: Any) -> None:
    """In a worker that `--processes` has forked: end as soon as its parent has, however that came.

    Of a master that was killed Locust itself takes note after a minute, in which the workers go on sending.
    """
    parent = os.getppid()
    while os.getppid() == parent:
        gevent.sleep(_LOOK_S)
    _log.error("the process that has started this worker is gone")
    runner.quit()


class Collector:
    """In the master: keeps the samples that the workers send."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self._received: dict[str, list[Samples]] = {}  # by worker
        self._finished: set[str] = set()
        environment.runner.register_message(_SAMPLES, self._receive_last)
        environment.events.worker_report.add_listener(self._receive)

    def begin(self) -> None:
        """Forget what there is, and who has finished: another test starts."""
        self.clear()
        self._finished.clear()

    def clear(self) -> None:
        """Forget what there is. The workers go on."""
        self._received.clear()

    def samples(self) -> Samples | None:
        """Return all that there is of every worker; None where there is nothing."""
        parts = [merge(parts) for parts in self._received.values()]
        return _of_several_processes(parts) if parts else None

    def collect(self) -> None:
        """Wait for the last samples of every worker: the master's own half second loses them."""
        runner = self._environment.runner
        wanted = {client.id for client in runner.clients.all}
        runner.send_message(_COLLECT)
        deadline = time.monotonic() + self._environment.stop_timeout + _COLLECT_S
        while not wanted <= self._finished and time.monotonic() < deadline:
            gevent.sleep(0.05)
        if missing := wanted - self._finished:
            _log.error("no samples came from %s: what there is is not all", ", ".join(sorted(missing)))
            self._environment.process_exit_code = 1

    def _receive(self, client_id: str, data: dict[str, Any]) -> None:
        packed = data.pop(_KEY, b"")
        if packed:
            self._received.setdefault(client_id, []).append(Samples.load(io.BytesIO(packed)))

    def _receive_last(self, msg: Any, **_: Any) -> None:
        self._receive(msg.node_id, msg.data)
        self._finished.add(msg.node_id)


def _of_several_processes(parts: list[Samples]) -> Samples:
    """Merge loads that were sent at the same time; the generator's usage is that of the busiest process.

    Workers of one machine share its monotonic clock. Of workers elsewhere the latencies are as exact, but
    their moments are of other clocks, so what is cut by time (windows, throughput) does not hold.
    """
    samples = merge(parts)
    busiest = max(parts, key=lambda one: float(np.ptp(one.usage_cpu)) if len(one.usage_cpu) else 0.0)
    return replace(
        samples,
        usage_time=busiest.usage_time,
        usage_cpu=busiest.usage_cpu,
        usage_waited=busiest.usage_waited,
    )
