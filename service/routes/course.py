"""How far a request has come, for whoever counts and logs it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from starlette.types import Scope

from service.observe.access_log import AccessLog
from service.observe.metrics import Metrics
from service.repository.servable import Servable

logger = logging.getLogger("service")


@dataclass(slots=True)
class Course:
    """One request, from when its headers were there; what has not been reached is empty."""

    start: float
    servable: Servable | None = None
    rows: int = 0
    form: Any = None
    """How the answer is to be written, for the codec alone."""
    decode_s: float = 0.0
    end: float = 0.0
    stages: tuple[float, float, float, float] | None = None
    """Seconds of decode, wait, infer and encode, of an answered request."""

    def count(self, metrics: Metrics, outcome: str) -> None:
        """Count the request by what came of it: the status answered, or that the client went away.

        Raises nothing: a count that fails costs no answer.
        """
        servable = self.servable
        try:
            if servable is None:
                metrics.outcome("", "", outcome).inc()
            elif self.stages is not None and outcome == "200":
                servable.metrics.observe_answer(self.rows, self.end - self.start, *self.stages)
            else:
                signature = servable.signature
                metrics.outcome(signature.model, signature.variant, outcome).inc()
        except Exception:  # the edge between an answer and what is noted of it
            logger.exception("could not count a request")

    def log(self, log: AccessLog, scope: Scope, outcome: str) -> None:
        """Write the request's line."""
        took_s = perf_counter() - self.start
        if self.servable is None:
            log.write(scope, outcome, took_s, rows=self.rows)
            return
        of = self.servable.signature
        log.write(
            scope,
            outcome,
            took_s,
            model=of.model,
            version=of.version,
            variant=of.variant,
            rows=self.rows,
        )
