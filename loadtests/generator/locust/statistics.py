"""Tells Locust's own statistics what was sent: many requests at a time, not one event for each.

Its page, its closing tables and its master live on them. They are rounded to a millisecond and two digits,
so nothing that we report comes from there.
"""

from __future__ import annotations

import time
from typing import Any

import gevent
import numpy as np

from loadtests.generator.load import Load

_INTERVAL_S = 0.5


class LocustStatistics:
    """Hands the samples of a load on to an environment's statistics."""

    def __init__(self, environment: Any, load: Load) -> None:
        self._environment = environment
        self._load = load
        self._recorder = load.recorder
        self._told = 0
        self._name = f"/predict {load.target.variant}, rows: {load.payloads.rows}"

    def keep_telling(self) -> None:
        """Hand on twice a second, until the greenlet is killed."""
        while True:
            self.tell()
            gevent.sleep(_INTERVAL_S)

    def tell(self) -> None:
        """Hand on what has come since the last time."""
        if self._load.recorder is not self._recorder:
            self._recorder, self._told = self._load.recorder, 0  # the statistics were reset
        sent, done, status = self._recorder.tail(self._told)
        if not len(done):
            return
        self._told += len(done)
        from locust.stats import bucket_response_time

        milliseconds = (np.array(done) - np.array(sent)) * 1000
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
        unanswered = [code for code in status if code != 200]
        for code in unanswered:
            statistics.log_error("POST", self._name, f"status {code}" if code else "no answer")

    def tell_what_was_unexpected(self) -> None:
        """Hand on the failures that show only when the answers are read."""
        samples = self._recorder.samples()
        read = ~samples.ok & (samples.status == 200)
        for error in samples.error[read].tolist():
            self._environment.stats.log_error("POST", self._name, str(samples.errors[error]))
