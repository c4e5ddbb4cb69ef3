"""A server that is measured: started as a process on a free port, and waited for until it is ready."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.errors import ProcessError
from loadtests.rig.child import Child, program
from loadtests.rig.cores import Bound
from loadtests.rig.ports import free_port

_POLL_S = 0.05
_READY_DEADLINE_S = 60.0


@dataclass(frozen=True)
class Server:
    """A server that is ready, and its process."""

    host: str
    process: Child


@contextmanager
def started(
    command: Sequence[str],
    *,
    port: int,
    ready_path: str,
    log: Path,
    core: Bound,
    environment: Mapping[str, str] | None = None,
    deadline_s: float = _READY_DEADLINE_S,
) -> Iterator[Server]:
    """Start a server; it is ready when `ready_path` is answered 200.

    Raises ProcessError, with the last lines of its log, where it ends before or takes too long.
    """
    host = f"http://127.0.0.1:{port}"
    with (
        Child(command, log=log, core=core, environment=environment) as child,
        httpx.Client(base_url=host, timeout=5.0, trust_env=False) as client,
    ):
        deadline = time.monotonic() + deadline_s
        while not _is_ready(client, ready_path):
            code = child.wait(_POLL_S)
            if code is not None:
                raise ProcessError(f"it ended with exit code {code}:\n{child.tail()}")
            if time.monotonic() > deadline:
                raise ProcessError(f"it was not ready within {deadline_s:.0f} s:\n{child.tail()}")
        yield Server(host, child)


@contextmanager
def service(
    models: Path,
    model: str,
    variants: Sequence[str],
    *,
    log: Path,
    core: Bound,
    options: Sequence[str] = (),
) -> Iterator[Server]:
    """Start our service, as a user does: one worker, every part of it on but what works beside it."""
    port = free_port()
    usual = ("--models", str(models.resolve()), "--default-model", model, "--preload", ",".join(variants))
    command = program("service", *usual, "--audit", "false", "--port", str(port), *options)
    with started(command, port=port, ready_path="/health/ready", log=log, core=core) as server:
        yield server


@contextmanager
def bare(answer_bytes: int, *, log: Path, core: Bound) -> Iterator[Server]:
    """Start the bare ASGI application."""
    port = free_port()
    command = program("benchmarks.subjects.bare", "--port", str(port), "--answer-bytes", str(answer_bytes))
    with started(command, port=port, ready_path="/", log=log, core=core) as server:
        yield server


@contextmanager
def paced(answer: Path, each_us: float, *, log: Path, core: Bound) -> Iterator[Server]:
    """Start the application that gives each request the answer in a file, and takes so long for each."""
    port = free_port()
    told = ("--port", str(port), "--answer", str(answer), "--each-us", f"{each_us:g}")
    with started(
        program("benchmarks.subjects.paced", *told), port=port, ready_path="/", log=log, core=core
    ) as server:
        yield server


def _is_ready(client: httpx.Client, path: str) -> bool:
    try:
        return client.get(path).status_code == 200
    except httpx.HTTPError:
        return False
