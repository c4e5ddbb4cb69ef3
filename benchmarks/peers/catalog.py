"""Which peers there are: their packages, pinned, and how each one wants to be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Rows = list[list[float]]

_WORK = ("numpy==2.4.6", "ai-edge-litert==2.3.0")  # what `classifier` needs, and our own service too


@dataclass(frozen=True)
class Peer:
    """A server to compare with. `python -m benchmarks.peers.NAME` starts it in its environment."""

    name: str
    title: str
    packages: tuple[str, ...]
    path: str
    ready_path: str
    body: Callable[[Rows], Any]
    probabilities: Callable[[Any], Rows]
    conditions: str
    is_python: bool = True
    """Whether the server itself, and not the model alone, is a Python program."""
    environment: Mapping[str, str] = field(default_factory=dict)


def _instances(rows: Rows) -> Any:
    return {"instances": rows}


def _instances_answer(answer: Any) -> Rows:
    rows: Rows = answer["probabilities"]
    return rows


def _v2(rows: Rows) -> Any:
    data = [value for row in rows for value in row]
    shape = [len(rows), len(rows[0])]
    return {"inputs": [{"name": "instances", "shape": shape, "datatype": "FP32", "data": data}]}


def _v2_answer(answer: Any) -> Rows:
    output = next(output for output in answer["outputs"] if output["name"] == "probabilities")
    width, data = output["shape"][1], output["data"]
    return [data[start : start + width] for start in range(0, len(data), width)]


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
    ),
    Peer(
        "litserve",
        "LitServe",
        ("litserve==0.2.19", *_WORK),
        "/predict",
        "/health",
        _instances,
        _instances_answer,
        "a LitAPI, one worker, one API server, no batching (its default)",
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
    ),
    Peer(
        "bentoml",
        "BentoML",
        ("bentoml==1.4.39", *_WORK),
        "/predict",
        "/readyz",
        _instances,
        _instances_answer,
        "a service with one API, one worker",
        environment={"BENTOML_DO_NOT_TRACK": "True"},
    ),
    Peer(
        "ray",
        "Ray Serve",
        ("ray[serve]==2.60.0", *_WORK),
        "/predict",
        "/-/healthz",
        _instances,
        _instances_answer,
        "a deployment with one replica behind the HTTP proxy; max_ongoing_requests 64, as its default of 5 "
        "starves 32 connections; no access log, no niceness",
        environment={"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"},
    ),
    Peer(
        "triton",
        "Triton, Python backend",
        ("nvidia-pytriton==0.7.0", "numpy==1.26.4", "ai-edge-litert==2.3.0"),
        "/v2/models/classifier/infer",
        "/v2/models/classifier/ready",
        _v2,
        _v2_answer,
        "one instance of a model.py, dynamic batching on, V2 protocol in JSON; without gRPC and metrics",
        is_python=False,
    ),
)
NAMES = tuple(peer.name for peer in PEERS)

# No server, but the tool with which our mixed rung is compared, and the runtime of what it makes.
NNCF = ("nncf==3.4.0", "openvino==2026.4.1", "numpy==2.4.6")
