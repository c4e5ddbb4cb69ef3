"""Chooses among the variants of a version as a ladder: down it under load, and up again when that is over."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from service.engine.choice import Choice, Option
from service.engine.policy import Policy
from service.errors import InvalidRequestError, OverloadedError
from service.wire.wish import Wish


class Ladder:
    """The options of one version, and where on it the last request was."""

    def __init__(self, options: Sequence[Option], policy: Policy) -> None:
        allowed = policy.variants
        self._options = [one for one in options if allowed is None or one.variant in allowed]
        self._policy = policy

    @property
    def carrier(self) -> Option:
        """The cheapest: it has room where any has."""
        return min(self._options, key=lambda one: one.runner.cost_us(32))

    def choose(self, rows: int, wish: Wish, waited_us: float) -> Choice:
        """Choose for a request of `rows` rows that has been here for `waited_us` microseconds.

        Raises InvalidRequestError where no variant could ever do, and OverloadedError where none can now.
        """
        floor = self._policy.min_accuracy if wish.min_accuracy is None else wish.min_accuracy
        latency_ms = wish.max_latency_ms or self._policy.max_latency_ms
        budget_us = inf if latency_ms is None else latency_ms * 1e3 - waited_us
        able = [one for one in self._options if one.accuracy_low >= floor]
        if not able:
            raise InvalidRequestError(f"no variant is as accurate as {floor}")
        for one in able:
            if one.runner.cost_us(rows) + one.runner.waiting_us(rows) <= budget_us:
                return one.choices["accuracy"]
        raise OverloadedError("no variant can answer in time now", retry_after_s=1)
