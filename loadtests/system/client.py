"""Speaks with a running service beside the load: whether it is ready, and what its metrics say."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Any, Self

import httpx

from loadtests.errors import ServiceError
from loadtests.system.identity import Identity
from loadtests.system.metrics import Metrics
from loadtests.workload.target import Target

# The slowest first request loads TensorFlow.
_TIMEOUT = httpx.Timeout(120.0, connect=5.0)
_TRIES = 3


@dataclass(frozen=True)
class InferenceTime:
    """What the service has spent inside the runtime so far, for one variant."""

    seconds: float
    requests: float


class ServiceClient:
    """A client of the service at `host`, such as `http://127.0.0.1:8000`."""

    def __init__(self, host: str) -> None:
        """Raise ServiceError where `host` is no address."""
        self.host = host.rstrip("/")
        try:
            # Proxies of the environment are for the way out, not for what is being measured; certificates are
            # those that the load trusts as well.
            self._client = httpx.Client(
                base_url=self.host, timeout=_TIMEOUT, trust_env=False, verify=_trusted()
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise ServiceError(
                f"host {host!r} is not an address such as http://127.0.0.1:8000 ({error})"
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def is_ready(self) -> bool:
        """Tell whether `/health/ready` answers 200; anything else, or no answer, is not ready."""
        try:
            return self._client.get("/health/ready", timeout=5.0).status_code == 200
        except httpx.TransportError:
            return False

    def reach(self) -> None:
        """See that somebody answers, whatever the answer. Raises ServiceError."""
        self._request("GET", "/health/ready")

    def ask(self, target: Target, body: bytes) -> None:
        """Post one request, which also loads the variant. Raises ServiceError unless it is answered.

        A service may fail now and then, which is for the load to count: so it is asked three times.
        """
        headers = {"Content-Type": "application/json"}
        for _ in range(_TRIES):
            answer = self._request("POST", target.path, content=body, headers=headers)
            if answer.status_code < 500:
                break
        if answer.status_code != 200:
            raise ServiceError(f"{self.host} does not serve {target}: {_detail(answer)}")

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
        """Read `/metrics`; None where there is no such thing."""
        answer = self._request("GET", "/metrics")
        return Metrics.of(answer.text) if answer.status_code == 200 else None

    def _request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, **arguments)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise ServiceError(f"no service answers at {self.host}: {reason}") from None


@cache
def _trusted() -> ssl.SSLContext:
    """Read the certificates, which takes longer than all that a client then does."""
    return ssl.create_default_context()


def _detail(answer: httpx.Response) -> str:
    """Return what a problem document says, or else the status."""
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"it answers {answer.status_code}"


def _inference_time(metrics: Metrics, target: Target) -> InferenceTime | None:
    seconds = metrics.value("inference_seconds_sum", _labels(target))
    requests = metrics.value("inference_seconds_count", _labels(target))
    return None if seconds is None or requests is None else InferenceTime(seconds, requests)


def _labels(target: Target) -> dict[str, str]:
    return {"model": target.model, "variant": target.variant}
