"""One load on one variant, as it is being sent: what is sent, and the samples of what came back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from threading import Event

from bundle.errors import BundleError
from loadtests.errors import LoadTestError
from loadtests.measure.recorder import Recorder
from loadtests.measure.samples import Samples
from loadtests.measure.summary import Summary, summarise_all
from loadtests.protocol.choices import reason_of
from loadtests.protocol.dialects.dialect import Dialect
from loadtests.protocol.dialects.system import read_url
from loadtests.protocol.endpoint import Endpoint
from loadtests.protocol.marking import Examiner, Marker
from loadtests.system.client import ServiceClient
from loadtests.system.offline_predictions import read_predictions
from loadtests.workload.held_out import HeldOut
from loadtests.workload.order import Order
from loadtests.workload.payloads import Payloads, build
from loadtests.workload.scenarios import SCENARIOS
from loadtests.workload.target import Target, choose_bundle, target_of


class Load:
    """The requests of an order, and the recorder of their answers. `prepare` makes it."""

    def __init__(
        self,
        order: Order,
        endpoint: Endpoint,
        dialect: Dialect,
        payloads: Payloads,
        marker: Marker,
    ) -> None:
        self.order = order
        self.endpoint = endpoint
        self.dialect = dialect
        self.payloads = payloads
        self.requests = tuple(endpoint.encode("POST", dialect.path, body) for body in payloads.bodies)
        self.part = 0
        """Which of several processes this is that share the load."""
        self.parts = 1
        self._marker = marker
        self._is_chosen = dialect.target.is_chosen
        self._users = count()
        self._is_claimed = False
        self.schedule_is_over = Event()
        """Set when every request of an open loop has been sent, and answered or given up."""
        self.awake_s = 0.0
        """How long this process has stayed awake for want of something to do: no work, but processor time."""
        self.unanswered = 0
        """Requests of a closed loop that were given up at the time-out."""
        self.recorder = self._new_recorder()

    @property
    def target(self) -> Target:
        return self.dialect.target

    def reason(self, head: bytes) -> str:
        """Return why a variant was chosen, by the head of its answer; empty where none was to be."""
        return reason_of(head) if self._is_chosen else ""

    def claim_schedule(self) -> bool:
        """Tell whether the caller is the first to ask, and so the one who sends the schedule."""
        claimed, self._is_claimed = self._is_claimed, True
        return not claimed

    def reset(self) -> None:
        """Forget every answer so far. The users go on."""
        spawned = self.recorder.spawned
        self.recorder = self._new_recorder()
        self.recorder.spawned = spawned

    def share(self, part: int, parts: int) -> None:
        """Say which of `parts` processes this is. Whatever was recorded before is forgotten."""
        self.part, self.parts = part, parts
        self.recorder = self._new_recorder()

    def next_start(self) -> int:
        """Return the body with which the next user begins."""
        if self.order.body >= 0:
            return self.order.body
        return self.payloads.start(next(self._users) * self.parts + self.part)

    def following(self, body: int) -> int:
        """Return the body that a user sends after `body`."""
        return body if self.order.body >= 0 else (body + 1) % len(self.requests)

    def note_reconnection(self) -> None:
        """Record that a connection took the place of one that the service had closed between two requests."""
        self.recorder.add_reconnection(time.perf_counter())

    def samples(self) -> Samples:
        return self.recorder.samples()

    def summary(self) -> Summary:
        """Summarise everything received so far."""
        return summarise_all(self.samples())

    def _new_recorder(self) -> Recorder:
        return Recorder(
            self.payloads.rows,
            self.payloads.order,
            self._marker,
            variant=self.order.variant or self.target.variant,
            is_open=SCENARIOS[self.order.scenario].is_scheduled,
            part=self.part,
        )


class Preparer:
    """Builds loads. It keeps what it has met: encoding a large test set takes seconds, and so does reading
    what is answered to it.
    """

    def __init__(self) -> None:
        self._held_out: dict[tuple[str, ...], HeldOut] = {}
        self._dialects: dict[tuple[str, Target], Dialect] = {}
        self._payloads: dict[tuple[HeldOut, str, int], Payloads] = {}
        self._examiners: dict[tuple[Dialect, HeldOut, int, str], Examiner] = {}
        self._endpoints: dict[str, Endpoint] = {}

    def prepare(self, order: Order) -> Load:
        """Build a load, and see that the service knows its target.

        Raises LoadTestError, saying what was asked for and what there is.
        """
        _check(order)
        try:
            asked, target = self._asked(order)
        except BundleError as error:
            raise LoadTestError(str(error)) from error
        with ServiceClient(order.host) as client:
            dialect = self._dialect(order.host, target, client)
            payloads = self._payloads_of(asked, dialect, order.rows)
            examiner = self._examiner(order, dialect, asked, payloads)
            # Which is to load it, however long that takes.
            client.ask(
                self._dialect(order.host, replace(target, deadline_ms=0.0), client), payloads.bodies[0]
            )
            endpoint = self._endpoints.setdefault(order.host, client.endpoint)
        return Load(order, endpoint, dialect, payloads, examiner)

    def _asked(self, order: Order) -> tuple[HeldOut, Target]:
        """Return the rows that an order is about, and what is asked for them."""
        if order.rows_from:
            asked = self._rows_of((order.rows_from,), lambda: HeldOut.of_file(Path(order.rows_from)))
            return asked, replace(read_url(order.system, asked.labels)[1], deadline_ms=order.deadline_ms)
        bundle = choose_bundle(Path(order.models), order.model or None, order.version)
        if order.system:
            target = read_url(order.system, bundle.manifest.labels)[1]
        else:
            plain = target_of(bundle, order.variant or bundle.manifest.default_variant)
            target = replace(plain, is_binary=order.is_binary)
        key = (order.models, bundle.name, str(bundle.version))
        asked = self._rows_of(key, lambda: HeldOut.of_bundle(bundle))
        return asked, replace(target, deadline_ms=order.deadline_ms)

    def _rows_of(self, key: tuple[str, ...], read: Callable[[], HeldOut]) -> HeldOut:
        held_out = self._held_out.get(key)
        if held_out is None:
            held_out = self._held_out[key] = read()
        return held_out

    def _dialect(self, host: str, target: Target, client: ServiceClient) -> Dialect:
        dialect = self._dialects.get((host, target))
        if dialect is None:
            dialect = self._dialects[host, target] = client.meet(target)
        return dialect

    def _payloads_of(self, asked: HeldOut, dialect: Dialect, rows: int) -> Payloads:
        payloads = self._payloads.get((asked, dialect.form, rows))
        if payloads is None:
            payloads = build(asked.x, asked.y, rows, encode=dialect.encode)
            self._payloads[asked, dialect.form, rows] = payloads
        return payloads

    def _examiner(self, order: Order, dialect: Dialect, asked: HeldOut, payloads: Payloads) -> Examiner:
        key = (dialect, asked, payloads.rows, order.offline)
        examiner = self._examiners.get(key)
        if examiner is None:
            shape = len(payloads.order), len(dialect.target.labels)
            offline = read_predictions(Path(order.offline), shape) if order.offline else {}
            examiner = self._examiners[key] = Examiner(dialect, payloads, offline)
        return examiner


def _check(order: Order) -> None:
    if not order.host:
        raise LoadTestError("--host is missing; give the address of the service, as http://127.0.0.1:8000")
    if order.scenario not in SCENARIOS:
        raise LoadTestError(f"--scenario is {order.scenario!r}; there are {', '.join(SCENARIOS)}")
    is_open = SCENARIOS[order.scenario].is_scheduled
    bounds: dict[str, tuple[float, bool, str]] = {
        "--rows": (order.rows, order.rows >= 1, "a request has at least 1 row"),
        "--rate": (
            order.rate,
            not is_open or order.rate > 0,
            "an open loop sends more than 0 requests a second",
        ),
        "--arrivals-for": (order.duration_s, order.duration_s > 0, "a load takes more than 0 seconds"),
        "--think": (order.think_s, order.think_s >= 0, "a user thinks for 0 seconds or more"),
        "--connections": (
            order.connections,
            order.connections >= 0,
            "give how many at most, or 0 for any number",
        ),
        "--seed": (order.seed, order.seed >= 0, "seeds are whole numbers from 0 on"),
    }
    for option, (value, holds, allowed) in bounds.items():
        if not holds:
            raise LoadTestError(f"{option} is {value:g}; {allowed}")
