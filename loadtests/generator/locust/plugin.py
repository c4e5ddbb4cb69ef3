"""Ties a load to a Locust environment: prepares it when a test starts, watches it, and hands it on."""

from __future__ import annotations

import io
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gevent
import numpy as np
from locust import events
from locust.exception import StopTest
from locust.runners import MasterRunner, WorkerRunner

from loadtests.errors import LoadTestError
from loadtests.generator.load import Load, Preparer
from loadtests.generator.locust.options import add_options, check_places, order_of
from loadtests.generator.locust.page import extend, table
from loadtests.generator.locust.statistics import LocustStatistics
from loadtests.measure.samples import Samples, merge
from loadtests.measure.summary import Summary, summarise_all
from loadtests.rig import usage
from loadtests.workload.order import Order

_USAGE_INTERVAL_S = 0.1
_COLLECT_S = 60.0  # that a master waits for the last samples of its workers
_READ_AT_A_TIME = 8  # answers, before other greenlets may run
_COLLECT, _SAMPLES = "predict-collect", "predict-samples"  # messages between master and workers

_log = logging.getLogger(__name__)
_console = logging.getLogger("locust.stats_logger")  # where Locust writes its own closing tables
logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for each request would bury the report


class Plugin:
    """Prepares a load whenever a test starts, and reports it when Locust ends."""

    def __init__(
        self,
        environment: Any,
        order: Callable[[], Order],
        *,
        preparer: Preparer | None = None,
        is_watched: bool = True,
    ) -> None:
        """`order` says, when a test starts, what it is to be: the web page can change it between tests.

        Where nobody watches, Locust's own statistics are not told of the requests, which would cost time in
        the very loop that sends them.
        """
        self._environment = environment
        self._order = order
        self.preparer = preparer or Preparer()
        self._is_watched = is_watched
        self._load: Load | None = None
        self._prepared = False  # for the test that starts next
        self._watchers: list[Any] = []
        self._statistics: LocustStatistics | None = None
        self._sent_on = 0  # samples that the master has
        self._collected: dict[str, list[Samples]] = {}  # a master's, by worker
        self._finished: set[str] = set()

    def load(self) -> Load | None:
        """Return the load of the test that is running, or of the last; None before the first."""
        return self._load

    def samples(self) -> Samples | None:
        """Return every sample so far, of all workers where there are some; None before the first test."""
        if isinstance(self._environment.runner, MasterRunner):
            parts = [merge(parts) for parts in self._collected.values()]
            return _of_several_processes(parts) if parts else None
        return self._load.samples() if self._load else None

    def summary(self) -> Summary | None:
        """Summarise the samples so far."""
        samples = self.samples()
        return None if samples is None else summarise_all(samples)

    def prepare(self) -> None:
        """Build the load of this moment's order. Raises LoadTestError."""
        self._load = None
        self._load = self.preparer.prepare(self._order())
        self._prepared = True

    def on_test_start(self, **_: Any) -> None:
        try:
            if not self._prepared:
                self.prepare()
        except LoadTestError as error:
            # Somebody is looking at the web page: Locust shows this in its log tab, and starts no user.
            raise StopTest(str(error)) from error
        self._prepared = False
        load = self._load
        assert load is not None  # noqa: S101 - prepared above
        self._collected.clear()
        self._finished.clear()
        self._sent_on = 0
        runner = self._environment.runner
        if isinstance(runner, MasterRunner):
            # It travels to the workers with the other options: each draws its share of the arrivals.
            self._environment.parsed_options.expect_workers = runner.worker_count
            return
        if isinstance(runner, WorkerRunner):
            load.share(max(runner.worker_index, 0), self._workers())
        self._watchers = [gevent.spawn(self._watch_usage, load)]
        if self._is_watched:
            self._statistics = LocustStatistics(self._environment, load)
            self._watchers.append(gevent.spawn(self._statistics.keep_telling))

    def on_spawning_complete(self, **_: Any) -> None:
        if self._load is not None and not self._load.recorder.spawned >= 0:  # NaN: nobody said so before
            self._load.recorder.spawned = time.perf_counter()

    def on_test_stopping(self, **_: Any) -> None:
        if self._load is not None:
            self._load.recorder.ended = time.perf_counter()

    def on_test_stop(self, **_: Any) -> None:
        runner = self._environment.runner
        if isinstance(runner, MasterRunner):
            self._collect(runner)
            return
        gevent.killall(self._watchers)
        if self._statistics is not None:
            self._statistics.tell()
            self._statistics.tell_what_was_unexpected()

    def on_reset_stats(self, **_: Any) -> None:
        self._collected.clear()
        self._sent_on = 0
        if self._load is not None:
            self._load.reset()

    def on_quit(self, **_: Any) -> None:
        summary, load = self.summary(), self._load
        if load is None or summary is None or not summary.offered:
            return
        if isinstance(self._environment.runner, WorkerRunner):
            return  # the master tells of all
        for text in table(load, summary):
            _console.info(text)
        path = self._environment.parsed_options.samples_out
        samples = self.samples()
        if path and samples is not None:
            samples.save(Path(path))

    def listen(self) -> None:
        """Connect to the environment's events and, in a distributed run, to the other processes."""
        hooks = self._environment.events
        hooks.test_start.add_listener(self.on_test_start)
        hooks.spawning_complete.add_listener(self.on_spawning_complete)
        hooks.test_stopping.add_listener(self.on_test_stopping)
        hooks.test_stop.add_listener(self.on_test_stop)
        hooks.reset_stats.add_listener(self.on_reset_stats)
        hooks.quit.add_listener(self.on_quit)
        runner = self._environment.runner
        if isinstance(runner, WorkerRunner):
            runner.register_message(_COLLECT, self._finish, concurrent=True)
            hooks.report_to_master.add_listener(self._report)
        elif isinstance(runner, MasterRunner):
            runner.register_message(_SAMPLES, self._receive_last)
            hooks.worker_report.add_listener(self._receive)

    def _workers(self) -> int:
        return int(getattr(self._environment.parsed_options, "expect_workers", 1) or 1)

    def _report(self, client_id: str, data: dict[str, Any]) -> None:
        """Attach the samples since the last report, read in small portions: requests are being sent."""
        load = self._load
        if load is None:
            return
        recorder = load.recorder
        while recorder.read_some(_READ_AT_A_TIME):
            gevent.sleep(0)
        data["predict"] = self._pack(load)

    def _finish(self, **_: Any) -> None:
        """Stop, and send the master what it does not have yet."""
        self._environment.runner.stop()
        packed = self._pack(self._load) if self._load is not None else b""
        self._environment.runner.send_message(_SAMPLES, {"predict": packed})

    def _pack(self, load: Load) -> bytes:
        samples = load.recorder.samples(self._sent_on)
        self._sent_on += len(samples)
        content = io.BytesIO()
        samples.save(content)
        return content.getvalue()

    def _receive(self, client_id: str, data: dict[str, Any]) -> None:
        packed = data.pop("predict", b"")
        if packed:
            self._collected.setdefault(client_id, []).append(Samples.load(io.BytesIO(packed)))

    def _receive_last(self, msg: Any, **_: Any) -> None:
        self._receive(msg.node_id, msg.data)
        self._finished.add(msg.node_id)

    def _collect(self, runner: Any) -> None:
        """Wait for the last samples of every worker: the master's own half second loses them."""
        wanted = {client.id for client in runner.clients.all}
        runner.send_message(_COLLECT)
        deadline = time.monotonic() + _COLLECT_S
        while not wanted <= self._finished and time.monotonic() < deadline:
            gevent.sleep(0.05)
        if missing := wanted - self._finished:
            _log.error("no samples came from %s: what there is is not all", ", ".join(sorted(missing)))
            self._environment.process_exit_code = 1

    def _watch_usage(self, load: Load) -> None:
        while True:
            now, used, waited = usage.read()
            load.recorder.add_usage(now, used - load.awake_s, waited)
            gevent.sleep(_USAGE_INTERVAL_S)


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


def start(environment: Any, **_: Any) -> None:
    """Give a Locust environment its plugin, and refuse at once what cannot be loaded."""
    environment.predict = plugin = Plugin(environment, lambda: order_of(environment))
    plugin.listen()
    options = environment.parsed_options
    if environment.web_ui:
        extend(environment.web_ui, plugin)
    if options.worker:
        return
    # Nobody could mend it later: say at once what is wrong, and go.
    try:
        check_places(options)
        if not environment.web_ui:
            plugin.prepare()
    except LoadTestError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the whole answer to a user's mistake
        sys.exit(2)


def install() -> None:
    """Make Locust use the plugin. A locustfile calls it; several may be loaded together."""
    if start not in events.init._handlers:  # noqa: SLF001 - Locust has no way to ask
        events.init_command_line_parser.add_listener(add_options)
        events.init.add_listener(start)
