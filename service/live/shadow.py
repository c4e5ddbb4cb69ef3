"""Has some requests answered by a second variant as well, when nobody waits, and counts how often both agree.

A request is picked by chance when it has been answered, and its rows wait until the service is idle. Whether
they ever get their turn depends on the load, and on nothing that is in them; but where what is asked differs
between busy times and quiet ones, the quiet ones are what is counted.

It takes a small share of the time, `_SHARE`, and so that share of the requests, at most, can arrive while it
is run: too few to move their p99. They wait for a call that the event loop would make for any request.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable
from math import ceil, log
from random import Random
from time import perf_counter
from weakref import WeakSet

import numpy as np

from service.engine.job import Answer, Job
from service.errors import OverloadedError
from service.live.tallies import Tallies
from service.repository.registry import Registry
from service.repository.servable import Servable
from service.wire.message import Rows

logger = logging.getLogger("service")

_QUIET_S = 0.002  # without a request, after which nobody is expected
_LATE_S = 0.001  # by which a timer is late where the event loop has other work
_SHARE = 0.002  # of the time, at most
_WAITING_MAX = 64  # requests
_WAITING_BYTES_MAX = 4 * 2**20

Outcome = tuple[str, str, str, str]
"""Model, the variant that answered, the one in its shadow, and `compared`, `skipped` or `failed`."""


class Shadow:
    """Runs one variant in the shadow of all others."""

    def __init__(
        self,
        variant: str,
        share: float,
        *,
        registry: Registry,
        waiting_rows: Callable[[], int],
        tallies: Tallies,
        chance: Random | None = None,
    ) -> None:
        """`share` of the requests are picked; `waiting_rows` tells how many rows wait for any variant."""
        self.variant = variant
        self._share = share
        self._registry = registry
        self._count_waiting_rows = waiting_rows
        self._tallies = tallies
        self._chance = chance or Random()  # noqa: S311 - nobody gains by guessing it
        self._until_next = self._gap()
        self._answered = 0.0  # when the last request was
        self._rest_until = 0.0
        self._waiting: deque[_Comparison] = deque()
        self._bytes = 0  # of the rows that wait
        self._is_busy = False  # running, or about to look whether it may
        self._asked_for: WeakSet[Servable] = WeakSet()
        self._told: WeakSet[Servable] = WeakSet()
        self._loading: set[asyncio.Task[None]] = set()
        self.outcomes: Counter[Outcome] = Counter()

    def offer(self, primary: Servable, rows: Rows, answer: Answer) -> None:
        """Hear of a request that was answered just now. Raises nothing."""
        self._answered = perf_counter()
        if primary.signature.variant == self.variant:
            return
        self._until_next -= 1
        if self._until_next <= 0:
            self._until_next = self._gap()
            try:
                self._pick(primary, rows, answer)
            except Exception:  # the edge between a request and its shadow
                logger.exception("could not let %s answer as well", self.variant)

    def note(self, primary: Servable, outcome: str) -> None:
        """Count what became of a request that was picked."""
        of = primary.signature
        self.outcomes[of.model, of.variant, self.variant, outcome] += 1

    def _gap(self) -> int:
        """Draw how many requests further the next is that is picked, each with the same chance."""
        if self._share >= 1:
            return 1
        return max(1, ceil(log(1 - self._chance.random()) / log(1 - self._share)))

    def _pick(self, primary: Servable, rows: Rows, answer: Answer) -> None:
        """Keep the rows of a request, or some drawn by chance where it has more than one quick call takes."""
        shadow = self._loaded(primary)
        if shadow is None:
            self._load(primary)
            self.note(primary, "skipped")
            return
        most = max(1, shadow.batcher.inline_rows)
        size = min(most, len(rows)) * rows[:1].nbytes
        if len(self._waiting) >= _WAITING_MAX or self._bytes + size > _WAITING_BYTES_MAX:
            self.note(primary, "skipped")
            return
        best = answer.best
        if len(rows) > most:
            chosen = self._chance.sample(range(len(rows)), most)
            best = [best[index] for index in chosen]
            rows = rows[chosen]
        else:
            rows = rows.copy()  # which may be a part of what was received
        self._bytes += rows.nbytes
        self._waiting.append(_Comparison(self, primary, shadow, rows, best))
        self._look_later(_QUIET_S)

    def _loaded(self, primary: Servable) -> Servable | None:
        of = primary.signature
        meant = self._registry.loaded(of.model, of.version, self.variant)
        return None if meant is None else meant.servable

    def _load(self, primary: Servable) -> None:
        """Have the variant loaded, once, unless it was unloaded by hand."""
        of = primary.signature
        if primary in self._asked_for or (of.model, self.variant) in self._registry.catalogue.put_aside:
            return
        self._asked_for.add(primary)
        task = asyncio.get_running_loop().create_task(self._resolve(of.model, of.version))
        self._loading.add(task)
        task.add_done_callback(self._loading.discard)

    async def _resolve(self, model: str, version: int) -> None:
        try:
            await self._registry.resolve(model, version, self.variant)
        except Exception as error:  # the edge of a background task: requests are answered without
            logger.warning("--shadow names %r, which cannot answer for %s: %s", self.variant, model, error)

    def _look_later(self, seconds: float) -> None:
        if not self._is_busy:
            self._is_busy = True
            loop = asyncio.get_running_loop()
            loop.call_later(seconds, self._look, perf_counter() + seconds)

    def _look(self, due: float) -> None:
        """Run the first that waits if nobody else wants anything, and look again later if somebody does."""
        now = perf_counter()
        self._is_busy = False
        self._let_go()
        if not self._waiting:
            return
        is_idle = now - due < _LATE_S and now - self._answered >= _QUIET_S and self._count_waiting_rows() == 0
        if not is_idle or now < self._rest_until:
            self._look_later(max(_QUIET_S, self._rest_until - now))
            return
        first = self._next()
        self._is_busy = True
        try:
            first.begin(now)
        except OverloadedError:
            self.ended(first, "skipped")
        except Exception as error:  # as above
            self.failed(first, error)

    def _next(self) -> _Comparison:
        first = self._waiting.popleft()
        self._bytes -= first.rows.nbytes
        return first

    def _let_go(self) -> None:
        """Let go of requests to what was unloaded or replaced, and of its graphs with them."""
        while self._waiting:
            first = self._waiting[0]
            if self._tallies.is_loaded(first.primary) and self._tallies.is_loaded(first.shadow):
                return
            self.note(self._next().primary, "skipped")

    def ended(self, comparison: _Comparison, outcome: str, took_s: float = 0.0) -> None:
        """Hear that a comparison is over, and rest until its call was a small share of the time."""
        now = perf_counter()
        self._rest_until = now + took_s / _SHARE
        self.note(comparison.primary, outcome)
        self._is_busy = False
        if self._waiting:
            self._look_later(max(_QUIET_S, self._rest_until - now))

    def failed(self, comparison: _Comparison, error: BaseException) -> None:
        """Hear that the second variant could not answer, which is logged once."""
        if comparison.shadow not in self._told:
            self._told.add(comparison.shadow)
            logger.warning("%s could not answer in the shadow: %s", self.variant, error)
        self.ended(comparison, "failed", perf_counter() - comparison.queued)

    def compare(self, comparison: _Comparison, best: list[int]) -> None:
        """Count a request for which both have answered: the share of its rows to which they say the same."""
        agreed = np.equal(comparison.best, best).mean()
        self._tallies.add(float(agreed), comparison.primary, comparison.shadow)


class _Comparison(Job):
    """The rows of a request that was answered, and the columns of the largest probabilities in the answer."""

    __slots__ = ("_owner", "best", "primary", "shadow")

    def __init__(
        self, owner: Shadow, primary: Servable, shadow: Servable, rows: Rows, best: list[int]
    ) -> None:
        self._owner = owner
        self.primary = primary
        self.shadow = shadow
        self.rows = rows
        self.best = best
        self.deadline = None
        self.queued = 0.0

    @property
    def is_over(self) -> bool:
        """As `service.engine.job.Job` has it: nobody goes away."""
        return False

    def begin(self, now: float) -> None:
        """Have the second variant answer. Raises OverloadedError."""
        self.queued = now
        self.shadow.batcher.submit(self)

    def succeed(self, answer: Answer) -> None:
        """As `service.engine.job.Job` has it."""
        call = answer.call
        try:
            self._owner.compare(self, answer.best)
        finally:
            self._owner.ended(self, "compared", call.end - call.start)

    def fail(self, error: BaseException) -> None:
        """As `service.engine.job.Job` has it."""
        self._owner.failed(self, error)
