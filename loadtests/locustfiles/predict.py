"""Users who post held-out test rows to `/predict`, each as soon as it has the answer to its last.

locust -f loadtests/locustfiles/predict.py --host http://127.0.0.1:8000 --variant int8 --rows 32
"""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path
from typing import Any

import gevent
from locust import FastHttpUser, constant, events
from locust.exception import StopTest

from loadtests.errors import LoadTestError
from loadtests.load import Load, prepare
from loadtests.locust_page import extend, table

_HEADERS = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
_USAGE_INTERVAL_S = 0.1

_console = logging.getLogger("locust.stats_logger")  # where Locust writes its own closing tables
logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for each request would bury the report


def predict(user: Any) -> None:
    """Send the user's next body and take the answer down."""
    load: Load = user.load
    body = user.position
    user.position = (body + 1) % len(load.payloads.bodies)
    sent = time.perf_counter()
    with user.client.post(
        load.target.path,
        data=load.payloads.bodies[body],
        headers=_HEADERS,
        name=f"/predict {load.target.variant}, rows: {load.payloads.rows}",
        catch_response=True,
    ) as response:
        content = response.content
        done = time.perf_counter()
        cause = type(getattr(response, "error", None)).__name__
        unexpected = load.receive(sent, done, body, response.status_code, content, cause)
        if unexpected is None:
            response.success()
        else:
            response.failure(unexpected)


class PredictUser(FastHttpUser):  # type: ignore[misc]  # Locust has no types
    """One client with one connection. Set `wait_time` in a subclass for one that thinks between requests."""

    wait_time = constant(0)
    tasks = [predict]  # noqa: RUF012 - the way Locust declares them

    def on_start(self) -> None:
        self.load = self.environment.predict.load()
        self.position = self.load.next_start()


class Plugin:
    """Prepares a load whenever a test starts, and reports it when Locust ends."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self._load: Load | None = None
        self._prepared = False  # for the test that starts next

    def load(self) -> Load | None:
        """Return the load of the test that is running, or of the last; None before the first."""
        return self._load

    def prepare(self) -> None:
        """Build the load from the options of this moment: the web page can change them between tests."""
        options = self._environment.parsed_options
        self._load = None
        self._load = prepare(
            self._environment.host,
            Path(options.models),
            options.model,
            options.model_version,
            variant=options.variant,
            rows=options.rows,
        )
        self._prepared = True

    def on_test_start(self, **_: Any) -> None:
        try:
            if not self._prepared:
                self.prepare()
        except LoadTestError as error:
            # Somebody is looking at the web page: Locust shows this in its log tab, and starts no user.
            raise StopTest(str(error)) from error
        self._prepared = False
        gevent.spawn(self._watch_usage, self._load)

    def on_spawning_complete(self, **_: Any) -> None:
        if self._load is not None:
            self._load.recorder.spawned = time.perf_counter()

    def on_test_stopping(self, **_: Any) -> None:
        if self._load is not None:
            self._load.recorder.ended = time.perf_counter()

    def on_reset_stats(self, **_: Any) -> None:
        if self._load is not None:
            self._load.reset()

    def on_quit(self, **_: Any) -> None:
        if self._load is None or not len(self._load.recorder):
            return
        for text in table(self._load):
            _console.info(text)
        path = self._environment.parsed_options.samples_out
        if path:
            self._load.recorder.samples().save(Path(path))

    def _watch_usage(self, load: Load | None) -> None:
        while load is not None and load is self._load:
            load.recorder.add_usage(time.perf_counter(), time.process_time())
            gevent.sleep(_USAGE_INTERVAL_S)


def add_options(parser: Any, **_: Any) -> None:
    parser.add_argument("--models", default="models", help="Folder of the bundles, whose test rows are sent.")
    parser.add_argument("--model", default="", help="Model to load; not needed where there is only one.")
    parser.add_argument(
        "--model-version", default="", help="Version of the model, a whole number; by default the newest."
    )
    parser.add_argument("--variant", default="", help="Variant to load; by default that of the bundle.")
    parser.add_argument("--rows", type=int, default=1, help="Test rows in each request.")
    parser.add_argument(
        "--samples-out",
        default="",
        metavar="FILE",
        help="Write a raw sample of every request to this .npz file at the end.",
        include_in_web_ui=False,
    )


def start(environment: Any, **_: Any) -> None:
    environment.predict = plugin = Plugin(environment)
    events.test_start.add_listener(plugin.on_test_start)
    events.spawning_complete.add_listener(plugin.on_spawning_complete)
    events.test_stopping.add_listener(plugin.on_test_stopping)
    events.reset_stats.add_listener(plugin.on_reset_stats)
    events.quit.add_listener(plugin.on_quit)
    if environment.web_ui:
        extend(environment.web_ui, plugin.load)
    elif not environment.parsed_options.worker:
        # Nobody could mend it later: say at once what is wrong, and go.
        try:
            plugin.prepare()
        except LoadTestError as error:
            print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the whole answer to a user's mistake
            sys.exit(2)


events.init_command_line_parser.add_listener(add_options)
events.init.add_listener(start)
