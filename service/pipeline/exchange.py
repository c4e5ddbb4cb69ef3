"""A request under way: what is known of it so far, and whoever hears what comes of it."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import Any, Protocol

from service.engine.choice import Choice
from service.engine.job import Answer, Job
from service.errors import ExpiredError, RequestError
from service.pipeline.telemetry import Request, Stages, Telemetry, timing
from service.repository.resolver import Bound
from service.repository.servable import Servable
from service.wire.ids import ID_HEADER
from service.wire.message import Body, Headers
from service.wire.protocol import Asked, Codec, WireProtocol

logger = logging.getLogger("service")

DISCONNECTED = "disconnected"
"""What came of a request whose client went away."""

ARRIVED = "arrived"
"""Where a scope's state holds when the head was there, by `perf_counter`."""

EXCHANGE = "exchange"
"""Where a scope's state holds the exchange that one front has begun, for the next to finish."""


class Front(Protocol):
    """Whoever brought a request. It hears one of the two, once."""

    def answer(self, exchange: Exchange, headers: Headers, content: Any, /) -> None:
        """Hand over what the protocol's codec wrote: the headers, but for Content-Length, and the content."""

    def refuse(self, exchange: Exchange, error: BaseException, /) -> int:
        """Hand over the refusal that an error is, and return its status."""


class Exchange(Job):
    """A request, from when its head was there until it is answered, or nobody wants the answer any more.

    It stands in the batcher's queue itself. Where one front cannot finish it, another takes it over as it is:
    no step is taken twice, and the time that it was given runs on.
    """

    is_over: bool
    decode_s: float
    encoded: float
    """When the answer was there to be handed over."""
    expected_s: float
    """Of a variant that was chosen: what the whole request is expected to take."""
    within_s: float | None
    """What it was to take at most."""

    __slots__ = (
        "_telemetry",
        "arrived",
        "asked",
        "body",
        "bound",
        "choice",
        "decode_s",
        "encoded",
        "expected_s",
        "form",
        "front",
        "ids",
        "is_admitted",
        "is_decoded",
        "is_over",
        "protocol",
        "request",
        "target",
        "wish",
        "within_s",
    )

    def __init__(
        self,
        front: Front,
        telemetry: Telemetry,
        protocol: WireProtocol,
        asked: Asked,
        arrived: float,
        request: Request | None,
    ) -> None:
        """`arrived` is when the head was there; `request` is what a line in the log tells of it."""
        self.front = front
        self._telemetry = telemetry
        self.protocol = protocol
        self.asked = asked
        self.arrived = arrived
        self.request = request
        self.target = asked.target
        self.wish = asked.wish
        self.ids = asked.ids
        self.choice: Choice | None = None  # where the service has chosen the variant
        self.deadline = None if asked.timeout_ms is None else arrived + asked.timeout_ms / 1e3
        self.bound: Bound[Codec] | None = None  # until the target is found
        self.body: Body | None = None  # which one front has, and the next decodes
        self.form: Any = None  # how the answer is to be written
        self.is_over = self.is_admitted = self.is_decoded = False
        self.size = 0  # until it waits for the model

    def succeed(self, answer: Answer) -> None:
        """Encode the answer, hand it over, and count the request."""
        bound, telemetry = self.bound, self._telemetry
        assert bound is not None  # noqa: S101 - or there were no rows to answer
        begun = perf_counter()
        try:
            if self.ids and telemetry.answers is not None:
                answer.id = telemetry.answers.note(bound.servable, answer.best)
            headers, content = bound.codec.encode(self.form, answer)
            self.encoded = end = perf_counter()
            call = answer.call
            stages = self.decode_s, call.start - self.queued, call.end - call.start, end - begun
            if self.choice is not None:
                headers = [*headers, *self.choice.headers]
            if answer.id is not None:
                headers = [*headers, (ID_HEADER, answer.id.encode())]
            if answer.escalated is not None:
                headers = [*headers, (b"x-escalated-rows", b"%d" % answer.escalated)]
            if telemetry.server_timing:
                headers = [*headers, timing(*stages)]
        except Exception as error:  # the others in the batch must not hear of it
            self.fail(error)
            return
        self.is_over = True
        try:
            self.front.answer(self, headers, content)
        except Exception:  # nor of this
            logger.exception("could not write an answer")
            self._end(DISCONNECTED)
        else:  # the answer need not wait for what is noted of it
            self._note_answer(bound.servable, answer, end - self.arrived, stages)

    def take(self, choice: Choice, expected_us: float, within_ms: float | None, *, is_hard: bool) -> None:
        """Be answered by what was chosen; nobody wants the answer later than a bound that is hard."""
        self.choice = choice
        self.expected_s = expected_us / 1e6
        self.within_s = None if within_ms is None else within_ms / 1e3
        if is_hard and self.within_s is not None:
            until = self.arrived + self.within_s
            self.deadline = until if self.deadline is None else min(until, self.deadline)

    def fail(self, error: BaseException) -> None:
        """Hand over a refusal, and count the request; nothing where it is over."""
        if self.is_over:
            return
        self.is_over = True
        if isinstance(error, ExpiredError) and self.bound is not None and self.choice is not None:
            took_s = perf_counter() - self.arrived
            if self.within_s is not None and took_s >= self.within_s:
                self.bound.servable.metrics.choices.observe_expired()
        if not isinstance(error, RequestError):
            logger.error("a request could not be answered", exc_info=error)
        try:
            outcome = str(self.front.refuse(self, error))
        except Exception:
            logger.exception("could not write a refusal")
            outcome = DISCONNECTED
        self._end(outcome)

    def drop(self, outcome: str = DISCONNECTED) -> None:
        """Want the answer no more, and count the request as `outcome`; nothing where it is over."""
        if self.is_over:
            return
        self.is_over = True
        if self.size and self.bound is not None:
            self.bound.servable.batcher.note_left()
        self._end(outcome)

    def hurry(self) -> None:
        """Have what waits for the event loop run now, until this is answered, which waits there as well."""
        assert self.bound is not None  # noqa: S101
        while not self.is_over:
            self.bound.servable.batcher.run_quick()

    def _note_answer(self, servable: Servable, answer: Answer, took_s: float, stages: Stages) -> None:
        telemetry, choice = self._telemetry, self.choice
        telemetry.answered(servable, self.size, took_s, stages, self.request)
        if choice is not None:
            telemetry.chosen(servable, choice.reason, self.expected_s, took_s, self.within_s)
        if telemetry.shadow is not None:
            telemetry.shadow.offer(servable, self.rows, answer)

    def _end(self, outcome: str) -> None:
        bound = self.bound
        servable, is_chosen = (None, True) if bound is None else (bound.servable, bound.chooser is None)
        self._telemetry.ended(
            outcome, servable, self.size, self.request, since=self.arrived, is_chosen=is_chosen
        )
