"""Counts and logs requests, each once, whichever way they came and whatever came of them."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from time import perf_counter
from typing import Any

from bundle.manifest import AUTO
from service.live.answers import Answers
from service.live.shadow import Shadow
from service.observe.access_log import AccessLog
from service.observe.metrics import STAGES, Metrics
from service.repository.servable import Servable

logger = logging.getLogger("service")

Request = MutableMapping[str, Any]
"""What a line in the access log tells of a request, named as in an ASGI scope."""

Stages = tuple[float, float, float, float]
"""The seconds that a request spent in each of STAGES."""


class Telemetry:
    """Takes note of what came of requests. Raises nothing: a count that fails costs no answer."""

    def __init__(
        self,
        metrics: Metrics,
        access_log: AccessLog | None,
        *,
        server_timing: bool,
        answers: Answers | None = None,
        shadow: Shadow | None = None,
    ) -> None:
        """`answers` gives ids where they are asked for, and `shadow` hears of each answer."""
        self.answers = answers
        self.shadow = shadow
        self._metrics = metrics
        self._access_log = access_log
        self.server_timing = server_timing
        self.logs = access_log is not None

    def answered(
        self,
        servable: Servable,
        rows: int,
        took_s: float,
        stages: Stages,
        request: Request | None,
    ) -> None:
        """Count a request that was answered 200 after so many seconds, `stages` of which it spent in each."""
        try:
            servable.metrics.observe_answer(rows, took_s, *stages)
        except Exception:  # the edge between an answer and what is noted of it
            logger.exception("could not count a request")
        if request is not None:
            self._log(request, "200", took_s, servable, rows, servable.signature.variant)

    def chosen(
        self, servable: Servable, reason: str, expected_s: float, took_s: float, within_s: float | None
    ) -> None:
        """Count a request that was answered 200, and for which the service had chosen the variant."""
        try:
            servable.metrics.choices.observe(reason, expected_s, took_s, within_s)
        except Exception:  # as above
            logger.exception("could not count a choice")

    def ended(
        self,
        outcome: str,
        servable: Servable | None = None,
        rows: int = 0,
        request: Request | None = None,
        *,
        since: float,
        is_chosen: bool = True,
    ) -> None:
        """Count a request that came to another end, such as a refusal, and log it.

        `outcome` is the status answered, or that the client went away; `since` is when the request arrived.
        Unless it `is_chosen`, the servable only stands for all: the variant that was asked for is `auto`.
        """
        variant = None if servable is None else servable.signature.variant if is_chosen else AUTO
        try:
            model = "" if servable is None else servable.signature.model
            self._metrics.outcome(model, variant or "", outcome).inc()
        except Exception:  # as above
            logger.exception("could not count a request")
        if request is not None:
            self._log(request, outcome, perf_counter() - since, servable, rows, variant)

    def note(self, request: Request, outcome: str, took_s: float = 0.0) -> None:
        """Count and log a request for a prediction of which no step was taken."""
        try:
            self._metrics.outcome("", "", outcome).inc()
        except Exception:  # as above
            logger.exception("could not count a request")
        self.log(request, outcome, took_s)

    def log(self, request: Request, outcome: str, took_s: float) -> None:
        """Log a request that asked for no prediction, and is not counted."""
        self._log(request, outcome, took_s, None, 0, None)

    def close(self, timeout_s: float) -> None:
        """Give the lines that wait this long to be written."""
        if self._access_log is not None:
            self._access_log.close(timeout_s)

    def _log(
        self,
        request: Request,
        outcome: str,
        took_s: float,
        servable: Servable | None,
        rows: int,
        variant: str | None,
    ) -> None:
        log = self._access_log
        if log is None:
            return
        if servable is None:
            log.write(request, outcome, took_s, rows=rows)
            return
        of = servable.signature
        log.write(request, outcome, took_s, model=of.model, version=of.version, variant=variant, rows=rows)


def timing(*stages: float) -> tuple[bytes, bytes]:
    """Return the header that tells a client how many seconds its request spent in each of STAGES."""
    text = ", ".join(f"{name};dur={s * 1e3:.3f}" for name, s in zip(STAGES, stages, strict=True))
    return b"server-timing", text.encode()
