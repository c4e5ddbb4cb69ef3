"""Tells Locust's own statistics what was sent and what failed: many requests at a time, as they come.

Its page, its closing tables and its master live on them. They are rounded to a millisecond and two digits,
so nothing that we report comes from there.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import gevent
import numpy as np

from loadtests.errors import UnexpectedAnswerError
from loadtests.generator.load import Load
from loadtests.workload.arrays import Floats

_INTERVAL_S = 0.5
_READ_AT_A_TIME = 2  # answers, before other greenlets may run


class LocustStatistics:
    """Hands the samples of a load on to an environment's statistics."""

    def __init__(self, environment: Any, load: Load) -> None:
        self._environment = environment
        self._load = load
        self._recorder = load.recorder
        self._told = 0
        asked = load.dialect.path if load.order.system else f"/predict {load.target.variant}"
        self._name = f"{asked}, rows: {load.payloads.rows}"

    def keep_telling(self) -> None:
        """Hand on twice a second, until the greenlet is killed."""
        while True:
            self.tell()
            gevent.sleep(_INTERVAL_S)

    def tell(self) -> None:
        """Hand on what has come since the last time, every answer read: only then is it known what failed."""
        if self._load.recorder is not self._recorder:
            self._recorder, self._told = self._load.recorder, 0  # the statistics were reset
        while self._recorder.read_some(_READ_AT_A_TIME):
            gevent.sleep(0)
        due, done, reasons = self._recorder.tail(self._told)
        if not len(done):
            return
        self._told += len(done)
        milliseconds = (np.array(done) - np.array(due)) * 1000
        if len(self._environment.events.request._handlers) > 1:  # noqa: SLF001 - Locust has no way to ask
            self._fire(milliseconds, reasons)
        else:
            self._log(milliseconds, reasons)

    def _fire(self, milliseconds: Floats, reasons: Sequence[str | None]) -> None:
        """Tell whoever listens, Locust's own listener among them, of each request."""
        for time_ms, reason in zip(milliseconds.tolist(), reasons, strict=True):
            self._environment.events.request.fire(
                request_type="POST",
                name=self._name,
                response_time=time_ms,
                response_length=0,
                exception=reason and UnexpectedAnswerError(reason),
                context={},
            )

    def _log(self, milliseconds: Floats, reasons: Sequence[str | None]) -> None:
        """Do what Locust's own listener does for each request, for all of them."""
        from locust.stats import bucket_response_time

        statistics = self._environment.stats
        entry = statistics.entries[self._name, "POST"]
        now = int(time.time())
        values, counts = np.unique(np.round(milliseconds), return_counts=True)
        for target in (statistics.total, entry):
            target.log(float(milliseconds[0]), 0)  # it keeps times of its own, with the first of them
            target.num_requests += len(milliseconds) - 1
            target.num_reqs_per_sec[now] += len(milliseconds) - 1
            target.total_response_time += float(milliseconds[1:].sum())
            target.min_response_time = min(target.min_response_time, float(milliseconds.min()))
            target.max_response_time = max(target.max_response_time, float(milliseconds.max()))
            target.response_times[bucket_response_time(float(milliseconds[0]))] -= 1
            for value, many in zip(values.tolist(), counts.tolist(), strict=True):
                target.response_times[bucket_response_time(value)] += many
        for reason in filter(None, reasons):
            statistics.log_error("POST", self._name, reason)
