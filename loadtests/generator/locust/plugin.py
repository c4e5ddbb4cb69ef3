"""Ties a load to a Locust environment: prepares it when a test starts, watches it, and hands it on."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
from locust import events
from locust.exception import StopTest
from locust.runners import MasterRunner, WorkerRunner
from locust.stats import CSV_STATS_INTERVAL_SEC

from loadtests.errors import LoadTestError
from loadtests.generator.load import Load, Preparer
from loadtests.generator.locust.distribution import Collector, Reporter, end_with_parent
from loadtests.generator.locust.options import add_options, check_places, order_of
from loadtests.generator.locust.page import extend, table
from loadtests.generator.locust.statistics import LocustStatistics
from loadtests.measure.samples import Samples
from loadtests.measure.summary import Summary, summarise_all
from loadtests.rig import usage
from loadtests.workload.order import Order

_USAGE_INTERVAL_S = 0.1
_STOP_TIMEOUT_S = 61.0  # a user has given its request up by then
_CSV_TURNS = 1.5  # so that one of them is whole

_console = logging.getLogger("locust.stats_logger")  # where Locust writes its own closing tables


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
        self._reporter: Reporter | None = None  # of a worker
        self._collector: Collector | None = None  # of a master

    def load(self) -> Load | None:
        """Return the load of the test that is running, or of the last; None before the first."""
        return self._load

    def samples(self) -> Samples | None:
        """Return every sample so far, of all workers where there are some; None before the first test."""
        if self._collector is not None:
            return self._collector.samples()
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
        runner = self._environment.runner
        if self._collector is not None:
            self._collector.begin()
            # It travels to the workers with the other options: each draws its share of the arrivals.
            self._environment.parsed_options.expect_workers = runner.worker_count
            return
        if self._reporter is not None:
            self._reporter.begin()
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
        if self._collector is not None:
            self._collector.collect()
            self._let_csv_be_written()
            return
        gevent.killall(self._watchers)
        if self._statistics is not None:
            self._statistics.tell()
        self._let_csv_be_written()

    def _let_csv_be_written(self) -> None:
        """Wait until Locust has written its `--csv` once more, which it does not do when it ends."""
        if getattr(self._environment.parsed_options, "csv_prefix", None):
            gevent.sleep(_CSV_TURNS * CSV_STATS_INTERVAL_SEC)

    def on_reset_stats(self, **_: Any) -> None:
        if self._collector is not None:
            self._collector.clear()
        if self._reporter is not None:
            self._reporter.begin()
        if self._load is not None:
            self._load.reset()

    def on_quit(self, **_: Any) -> None:
        summary, load = self.summary(), self._load
        if load is None or summary is None or not summary.offered:
            return
        if self._reporter is not None:
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
            self._reporter = Reporter(self._environment, self.load)
            if getattr(self._environment.parsed_options, "processes", None):
                gevent.spawn(end_with_parent, runner)
        elif isinstance(runner, MasterRunner):
            self._collector = Collector(self._environment)

    def _workers(self) -> int:
        return int(getattr(self._environment.parsed_options, "expect_workers", 1) or 1)

    def _watch_usage(self, load: Load) -> None:
        while True:
            now, used, waited = usage.read()
            load.recorder.add_usage(now, used - load.awake_s, waited)
            gevent.sleep(_USAGE_INTERVAL_S)


def start(environment: Any, **_: Any) -> None:
    """Give a Locust environment its plugin, and refuse at once what cannot be loaded."""
    environment.predict = plugin = Plugin(environment, lambda: order_of(environment))
    plugin.listen()
    options = environment.parsed_options
    # Locust kills users at once, and with them what is out: whatever hangs would not be seen.
    environment.stop_timeout = environment.stop_timeout or _STOP_TIMEOUT_S
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
