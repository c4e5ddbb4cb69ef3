"""The steps of a request, each once and in their order: ask, find, admit, decode, run, encode.

`begin` takes those that the event loop can take at once, whoever brought the request. What is left then is
for `prepare` and `run`, which may wait: for a variant to be loaded, for a long call. The last step is taken
where the model's answer is there, by the exchange.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache, partial
from time import perf_counter
from typing import Any, cast

from bundle.manifest import AUTO
from service.engine.choice import Chooser
from service.errors import ExpiredError, OverloadedError
from service.pipeline.caller import Caller
from service.pipeline.exchange import Exchange, Front
from service.pipeline.telemetry import Request, Telemetry
from service.pipeline.waiting import Gone, unless_gone
from service.repository.registry import Registry
from service.repository.resolver import Bound, Resolver
from service.wire.expand import expand
from service.wire.message import Body, Headers
from service.wire.protocol import Asked, Codec, Format, WireProtocol
from service.wire.target import Target
from service.wire.wish import NO_WISH, variant_under

_LOADING_S = 60.0  # for which a request waits that was given no time
_CHEAP_BYTES = 4096  # that are decoded at once, however many rows they hold
_NOTHING = Asked(Target())  # is what a head asks for that cannot be understood


class Pipeline:
    """What all requests go through; there is one for a process."""

    def __init__(
        self, registry: Registry, telemetry: Telemetry, *, max_rows: int, max_body_bytes: int
    ) -> None:
        """`max_body_bytes` is the longest that a body may be, and may become where it is expanded."""
        self.telemetry = telemetry
        self.max_body_bytes = max_body_bytes
        self._registry = registry
        self._max_rows = max_rows
        self._resolvers: dict[WireProtocol, Resolver[Codec]] = {}

    def ask(
        self,
        front: Front,
        protocol: WireProtocol,
        head: tuple[str, bytes, Headers],
        *,
        arrived: float,
        request: Request | None,
    ) -> Exchange:
        """Return an exchange for a head: its path, which is percent-decoded, its query, and its headers.

        Where that cannot be understood, the exchange is over when this returns: it was refused.
        """
        error = None
        try:
            asked = protocol.ask(*head)
        except Exception as why:
            asked, error = _NOTHING, why
        exchange = Exchange(front, self.telemetry, protocol, asked, arrived, request)
        if error is not None:
            exchange.fail(error)
        return exchange

    def begin(self, exchange: Exchange, body: Body, now: float) -> bool:
        """Take all steps up to the call of the model, or refuse the request; `now` is by `perf_counter`.

        False where one of them may take long, or must wait: the exchange knows which are left.
        """
        try:
            bound = self._find(exchange)
            if bound is None:
                return False
            is_quick = self._admit(exchange, bound, len(body))
            if not is_quick or self._holds_up(exchange, bound, len(body)):
                return False
            self._decode(exchange, bound, body, now)
            bound = exchange.bound or self._find(exchange)
            if bound is not None and bound.chooser is not None:
                bound = self._choose(exchange, bound, bound.chooser)
            if bound is None or exchange.size > bound.servable.batcher.inline_rows:
                return False
            bound.servable.batcher.submit(exchange)
        except Exception as error:
            exchange.fail(error)
        return True

    async def prepare(
        self, exchange: Exchange, body: Any, gone: Gone | None = None, *, size: int | None = None
    ) -> None:
        """Take all steps that are left up to the call of the model, however long they take.

        `size` is that of a body without a length. Raises RequestError, and LeftError where the client is
        `gone` before.
        """
        if not exchange.is_decoded:
            bound = exchange.bound or self._find(exchange) or await self._load(exchange, gone)
            size = len(body) if size is None else size
            self._admit(exchange, bound, size)
            if self._holds_up(exchange, bound, size):
                await asyncio.to_thread(self._decode, exchange, bound, body, perf_counter())
            else:
                self._decode(exchange, bound, body, perf_counter())
        bound = exchange.bound or self._find(exchange) or await self._load(exchange, gone)
        while bound.chooser is not None:
            bound = self._choose(exchange, bound, bound.chooser) or await self._load(exchange, gone)

    async def run(self, exchange: Exchange, told: asyncio.Future[Any], gone: Gone | None = None) -> None:
        """Have the model called, and wait until the front is `told` what came of it.

        Raises OverloadedError, and LeftError as `prepare` does.
        """
        assert exchange.bound is not None  # noqa: S101 - it is prepared
        batcher = exchange.bound.servable.batcher
        exchange.queued = perf_counter()
        batcher.submit(exchange)
        if exchange.inline:
            await told
            return
        try:
            await unless_gone(told, gone, exchange.deadline, "the answer was there")
        except ExpiredError as error:
            exchange.fail(error)
            batcher.note_left()

    async def answer(
        self,
        format_: Format,
        asked: Asked,
        message: Any,
        *,
        size: int,
        request: Request | None = None,
    ) -> tuple[Headers, Any]:
        """Take a message of `size` bytes, which is there whole, through all steps; return what was encoded.

        Raises RequestError, and whatever the runtime raises. A task that is cancelled gives its place up.
        """
        caller = Caller()
        protocol = cast("WireProtocol", format_)  # a caller asks it for a status, and for no refusal
        exchange = Exchange(caller, self.telemetry, protocol, asked, perf_counter(), request)
        try:
            await self.prepare(exchange, message, size=size)
            await self.run(exchange, caller.told)
        except asyncio.CancelledError:
            exchange.drop()
            raise
        except Exception as error:
            exchange.fail(error)
        return await caller.told

    def _find(self, exchange: Exchange) -> Bound[Codec] | None:
        """Find what a request is for, and return it; None where that is not loaded."""
        resolver = self._resolvers.get(exchange.protocol) or self._resolver(exchange.protocol)
        exchange.bound = bound = resolver.loaded(exchange.target)
        return bound

    async def _load(self, exchange: Exchange, gone: Gone | None) -> Bound[Codec]:
        """Wait for what is not loaded yet; loading goes on for others where this request does not wait on."""
        deadline = exchange.deadline
        loading = asyncio.ensure_future(self._resolver(exchange.protocol).load(exchange.target))
        until = perf_counter() + _LOADING_S if deadline is None else deadline
        try:
            exchange.bound = bound = await unless_gone(loading, gone, until, "the variant was loaded")
        except ExpiredError:
            if deadline is not None:
                raise
            what = f"the variant was not loaded within {_LOADING_S:g} s, and may be later"
            raise OverloadedError(what, retry_after_s=int(_LOADING_S)) from None
        finally:
            loading.cancel()
        return bound

    def _admit(self, exchange: Exchange, bound: Bound[Codec], size: int) -> bool:
        """Raise OverloadedError where there is no room; tell whether the event loop may run what comes.

        This is asked before a body is decoded, which costs as much as a small model, and so of as many rows
        as a body of `size` bytes commonly holds at the least.
        """
        least = 1 if size <= _CHEAP_BYTES else max(1, bound.codec.least_rows(exchange.asked, size))
        batcher = bound.servable.batcher
        if not exchange.is_admitted:
            batcher.check_room(least)
            exchange.is_admitted = True
        return least <= batcher.inline_rows

    def _holds_up(self, exchange: Exchange, bound: Bound[Codec], size: int) -> bool:
        """Tell whether to decode a body is for a thread; how long a compressed one is, nobody knows yet."""
        if exchange.asked.coding is not None:
            return True
        return size > _CHEAP_BYTES and bound.codec.holds_up(exchange.asked, size)

    def _decode(self, exchange: Exchange, bound: Bound[Codec], body: Body, begun: float) -> None:
        """Take the rows out of a body, and what it says besides. A thread may do it."""
        coding = exchange.asked.coding
        if coding is not None:
            body = expand(body, coding, max_bytes=self.max_body_bytes)
        rows, exchange.form, variant, timeout_ms, wish, ids = bound.codec.decode(exchange.asked, body)
        exchange.ids |= ids
        exchange.rows, exchange.size, exchange.is_decoded = rows, len(rows), True
        exchange.queued = now = perf_counter()
        exchange.decode_s = now - begun
        if timeout_ms is not None:
            until = exchange.arrived + timeout_ms / 1e3
            exchange.deadline = until if exchange.deadline is None else min(until, exchange.deadline)
        of = bound.servable.signature
        if wish is not None:
            exchange.wish, variant = wish, variant_under(wish, variant or exchange.target.variant)
        if variant is not None and (bound.chooser is not None or variant != of.variant):
            exchange.target, exchange.bound = _sibling(of.model, of.version, variant), None

    def _choose(self, exchange: Exchange, bound: Bound[Codec], chooser: Chooser) -> Bound[Codec] | None:
        """Choose the variant of a request whose rows are there, and find it as any other.

        None where it was let go of since the chooser was found: then that is to be found anew, of the same
        version, which the rows are for.
        """
        wish = exchange.wish or NO_WISH
        waited_us = (exchange.queued - exchange.arrived) * 1e6
        choice, expected_us = chooser.choose(exchange.size, wish, waited_us)
        exchange.target = choice.option.target
        chosen = self._find(exchange)
        if chosen is None:
            of = bound.servable.signature
            exchange.target = _sibling(of.model, of.version, AUTO)
        else:
            bound_ms, goal_ms = wish.max_latency_ms, chooser.policy.max_latency_ms
            is_hard = bound_ms is not None and not wish.best_effort
            exchange.take(choice, waited_us + expected_us, bound_ms or goal_ms, is_hard=is_hard)
        return chosen

    def _resolver(self, protocol: WireProtocol) -> Resolver[Codec]:
        """Return what finds targets for a protocol, which is made where it is asked for first."""
        if protocol not in self._resolvers:
            bind = partial(protocol.bind, max_rows=self._max_rows)
            self._resolvers[protocol] = Resolver(self._registry, bind)
        return self._resolvers[protocol]


@lru_cache(maxsize=1024)
def _sibling(model: str, version: int, variant: str) -> Target:
    """Return another variant of a version, always the same object, by which it is remembered."""
    return Target(model, version, variant)
