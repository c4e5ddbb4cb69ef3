"""Speaks with a running service beside the load: whether it is ready, and what its metrics say."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from loadtests.errors import LoadTestError, ServiceError, WireError
from loadtests.protocol.conversation import Conversation
from loadtests.protocol.dialects.dialect import Dialect
from loadtests.protocol.dialects.dialects import DIALECTS
from loadtests.protocol.endpoint import Endpoint
from loadtests.system.identity import Identity
from loadtests.system.metrics import Metrics
from loadtests.workload.payloads import Body, Instances
from loadtests.workload.target import Target

_TIMEOUT_S = 120.0  # the slowest first request loads TensorFlow
_READY_TIMEOUT_S = 5.0
_TRIES = 3
_QUICK_S = 0.3  # whoever takes longer is timed once


@dataclass(frozen=True)
class InferenceTime:
    """What the service has spent inside the runtime so far, for one variant."""

    seconds: float
    requests: float


class ServiceClient:
    """A client of the service at `host`, such as `http://127.0.0.1:8000`."""

    def __init__(self, host: str) -> None:
        """Raise ServiceError where `host` is no address."""
        self.endpoint = Endpoint(host)
        self._conversation = Conversation(self.endpoint, timeout_s=_TIMEOUT_S, is_patient=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._conversation.close()

    def is_ready(self) -> bool:
        """Tell whether `/health/ready` answers 200; anything else, or no answer, is not ready."""
        request = self.endpoint.encode("GET", "/health/ready")
        with Conversation(self.endpoint, timeout_s=_READY_TIMEOUT_S) as conversation:
            try:
                return conversation.exchange(request)[0] == 200
            except (OSError, ServiceError, WireError):
                return False

    def ready_workers(self) -> int:
        """Read from `/metrics` how many workers of the service answer requests; 0 where it does not say."""
        metrics = self._metrics()
        return int((metrics and metrics.value("ready_workers", {})) or 0)

    def reach(self) -> None:
        """See that somebody answers, whatever the answer. Raises ServiceError."""
        self.request("GET", "/health/ready")

    def meet(self, target: Target) -> Dialect:
        """Ask the server what its protocol needs to know first. Raises LoadTestError."""
        try:
            return DIALECTS[target.protocol].meet(target, self.request)
        except ServiceError:
            raise
        except LoadTestError as error:
            raise ServiceError(f"{self.endpoint.address.shown} does not serve {target}: {error}") from None

    def is_ready_for(self, target: Target) -> bool:
        """Tell whether the server says in its protocol that it would answer. Raises ServiceError."""
        return DIALECTS[target.protocol].is_ready(target, self.request)

    def wake(self, target: Target, x: Instances) -> None:
        """Ask a server that is not ready for a row of `x`, shape (1, ...): it may load what it is asked for.

        Raises ServiceError where there is no answer.
        """
        try:
            dialect = self.meet(target)
            self.ask(dialect, dialect.encode(x))
        except LoadTestError as error:
            shown = self.endpoint.address.shown
            raise ServiceError(f"{shown} is not ready for {target}, even when it is asked: {error}") from None

    def ask(self, dialect: Dialect, body: Body) -> None:
        """Post one request, which also loads the variant. Raises ServiceError unless it is answered.

        A service may fail now and then, which is for the load to count: so it is asked three times.
        """
        for _ in range(_TRIES):
            status, content = self.request("POST", dialect.path, body)
            if status < 500:
                break
        if status != 200:
            shown = self.endpoint.address.shown
            raise ServiceError(f"{shown} does not serve {dialect.target}: {_detail(status, content)}")

    def seconds_of(self, dialect: Dialect, body: Body) -> float:
        """Return about how long one request takes: the quickest of a few. Raises what `ask` raises."""
        took: list[float] = []
        while len(took) < _TRIES and sum(took) < _QUICK_S:
            begun = time.perf_counter()
            self.ask(dialect, body)
            took.append(time.perf_counter() - begun)
        return min(took)

    def inference_time(self, target: Target) -> InferenceTime | None:
        """Read from `/metrics` what the target has cost so far; None where the service does not say."""
        metrics = self._metrics()
        return _inference_time(metrics, target) if metrics else None

    def identity(self, target: Target) -> Identity | None:
        """Read from `/metrics` what tells this service from another; None where it has none."""
        metrics = self._metrics()
        if metrics is None:
            return None
        spent = _inference_time(metrics, target)
        return Identity.of(metrics, target.model, target.variant, spent.requests if spent else None)

    def stage_seconds(self, target: Target) -> dict[str, float]:
        """Read from `/metrics` the time that answered requests have spent in each stage, by its name."""
        metrics = self._metrics()
        return metrics.by("stage", "stage_seconds_total", _labels(target)) if metrics else {}

    def _metrics(self) -> Metrics | None:
        """Read `/metrics`; None where there is no such thing, as of most servers that are not ours."""
        if self.endpoint.address.is_grpc:
            return None
        try:
            status, content = self.request("GET", "/metrics")
        except ServiceError:
            return None
        return Metrics.of(content.decode(errors="replace")) if status == 200 else None

    def request(self, method: str, path: str, body: Body | None = None) -> tuple[int, bytes]:
        """Send a request; return status and content. Raises ServiceError where there is no answer."""
        address = self.endpoint.address
        try:
            self._conversation.look()
            return self._conversation.exchange(self.endpoint.encode(method, path, body))
        except (OSError, WireError) as error:
            reason = str(error) or type(error).__name__
            raise ServiceError(f"no service answers at {address.shown}: {reason}") from None


def _detail(status: int, content: bytes) -> str:
    """Return what a refusal says, in the shape of any protocol, or else the status."""
    try:
        refusal = json.loads(content)
        return str(refusal["detail"] if "detail" in refusal else refusal["error"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return f"it answers {status}"


def _inference_time(metrics: Metrics, target: Target) -> InferenceTime | None:
    seconds = metrics.value("inference_seconds_sum", _labels(target))
    requests = metrics.value("inference_seconds_count", _labels(target))
    return None if seconds is None or requests is None else InferenceTime(seconds, requests)


def _labels(target: Target) -> dict[str, str]:
    return {"model": target.model, "variant": target.variant}
