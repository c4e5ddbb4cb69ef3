"""Times single requests to a service that has nothing else to do, over one bare connection at a time.

A plain socket and ready-made bytes: what is measured is the service and its protocol, hardly the client.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from evidence.percentiles import percentile
from loadtests.errors import ServiceError, WireError
from loadtests.protocol.conversation import Conversation
from loadtests.protocol.dialects.dialect import Dialect
from loadtests.protocol.endpoint import Endpoint
from loadtests.system.client import ServiceClient
from loadtests.workload.payloads import Payloads

STAGES = ("decode", "wait", "infer", "encode")  # as the service names them
_WARM_UP_REQUESTS = 20
_WARM_UP_S = 0.5  # at the most, but for one request
_REQUESTS = range(50, 1001)  # how many are timed: as many as fit into a second
_SECONDS = 1.0
_REQUESTS_FEW = 3  # are enough where more take longer than this:
_SECONDS_MAX = 3.0
_REFUSED_FIRST = 20  # answers other than 200 at the beginning that still prove nothing
TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Unloaded:
    """What one request costs when nobody else asks: `requests` of them, one after the other."""

    requests: int
    p50_ms: float
    mean_ms: float
    model_ms: float | None
    """Mean time inside the runtime, by the service's own metrics over the same requests; None if unknown."""
    stages_ms: dict[str, float] = field(default_factory=dict)
    """Mean time in each part of a request, by name and in order: `client` (handing the request to the
    system), `http` (what is left: the network, the server's protocol, its event loop, the way back),
    `decode`, `wait`, `infer`, `encode`. They add up to `mean_ms`. Empty where the service does not say."""

    @property
    def model_share(self) -> float | None:
        """The share of the latency that is the model's own, of means over the same requests."""
        return None if self.model_ms is None else self.model_ms / self.mean_ms


def probe(client: ServiceClient, dialect: Dialect, payloads: Payloads) -> Unloaded:
    """Time about a second of requests, those that are answered with 200; see `seconds_for`.

    Raises ServiceError where nobody answers, or less than half of the answers are a 200: the odd failure is
    for the load to count.
    """
    address, target = client.endpoint.address, dialect.target
    requests = [client.endpoint.encode("POST", dialect.path, body) for body in payloads.bodies]
    latencies: list[float] = []
    sending = 0.0
    with Conversation(client.endpoint, timeout_s=TIMEOUT_S, is_patient=True) as conversation:
        begun = time.perf_counter()
        for turn in range(_WARM_UP_REQUESTS):
            timed(conversation, client.endpoint, requests[turn % len(requests)])
            if time.perf_counter() - begun > _WARM_UP_S:
                break
        before, stages_before = client.inference_time(target), client.stage_seconds(target)
        begun = time.perf_counter()
        refused = 0
        while len(latencies) < _REQUESTS.stop - 1:
            request = requests[len(latencies) % len(requests)]
            spent, took, status = timed(conversation, client.endpoint, request)
            if status != 200:
                refused += 1
                is_time_over = time.perf_counter() - begun > _SECONDS_MAX
                if refused > max(len(latencies), 0 if is_time_over else _REFUSED_FIRST):
                    raise ServiceError(
                        f"{address.shown} answers single requests with status {status}, not 200"
                    )
                continue
            sending += spent
            latencies.append(took)
            if _is_enough(len(latencies), time.perf_counter() - begun):
                break
        after, stages_after = client.inference_time(target), client.stage_seconds(target)
    count = len(latencies)
    milliseconds = np.array(latencies) * 1000
    mean = float(milliseconds.mean())
    model_ms = None
    stages: dict[str, float] = {}
    # Where others ask as well, or a second worker answered, the metrics are not those of our requests.
    if before and after and after.requests - before.requests == count:
        model_ms = (after.seconds - before.seconds) / count * 1000
        stages = _stages(stages_before, stages_after, count, mean, sending / count * 1000)
    return Unloaded(count, percentile(milliseconds, 50), mean, model_ms, stages)


def seconds_for(request_s: float) -> float:
    """Return how long `probe` takes about, where a request takes so many seconds."""
    warm_up = min(_WARM_UP_REQUESTS * request_s, _WARM_UP_S + request_s)
    few = max(_SECONDS_MAX + request_s, _REQUESTS_FEW * request_s)
    return warm_up + max(_SECONDS, min(_REQUESTS.start * request_s, few))


def _is_enough(requests: int, spent_s: float) -> bool:
    if spent_s > _SECONDS_MAX:
        return requests >= _REQUESTS_FEW
    return spent_s > _SECONDS and requests >= _REQUESTS.start


def exchange(conversation: Conversation, endpoint: Endpoint, request: bytes) -> tuple[int, bytes]:
    """Send a request and return status and body of its answer. Raises ServiceError where there is none."""
    try:
        return conversation.exchange(request)
    except (OSError, WireError) as error:
        raise _unanswered(endpoint, error) from None


def timed(conversation: Conversation, endpoint: Endpoint, request: bytes) -> tuple[float, float, int]:
    """Send a request; return the seconds that the sending took, the whole, and the status.

    Where the service had closed the connection, a new one is part of both. Raises ServiceError where there
    is no answer.
    """
    begun = time.perf_counter()
    try:
        conversation.send(request)
        sent = time.perf_counter()
        status, _ = conversation.receive()
    except (OSError, WireError) as error:
        raise _unanswered(endpoint, error) from None
    return sent - begun, time.perf_counter() - begun, status


def _unanswered(endpoint: Endpoint, error: OSError | WireError) -> ServiceError:
    return ServiceError(f"{endpoint.address.shown} does not answer a single request: {error}")


def _stages(
    before: dict[str, float], after: dict[str, float], requests: int, mean_ms: float, client_ms: float
) -> dict[str, float]:
    """Return the mean milliseconds of each part; none where the service does not tell of them all."""
    if not set(STAGES) <= set(after):
        return {}
    own = {name: (after[name] - before.get(name, 0.0)) / requests * 1000 for name in STAGES}
    # The server may begin to decode before the system call that sent the last byte has returned.
    client_ms = min(client_ms, max(0.0, mean_ms - sum(own.values())))
    return {"client": client_ms, "http": mean_ms - client_ms - sum(own.values()), **own}
