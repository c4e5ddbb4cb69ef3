"""A server that is measured: started as a process on a free port, and waited for until it is ready."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.child import Child
from benchmarks.cores import Cores
from benchmarks.errors import ProcessError
from benchmarks.load import wrk
from benchmarks.load.request import Request
from benchmarks.measure.sample import Sample, Subject

_POLL_S = 0.05
_READY_DEADLINE_S = 60.0


@dataclass(frozen=True)
class Server:
    """A server that is ready, and the core from which it is loaded."""

    host: str
    load_core: int

    def under(self, request: Request, *, connections: int) -> Subject:
        """Return what measures it under this request."""

        def subject(seconds: int) -> Sample:
            return wrk.load(self.host, request, connections=connections, seconds=seconds, core=self.load_core)

        return subject


@contextmanager
def started(
    command: Sequence[str],
    *,
    port: int,
    ready_path: str,
    log: Path,
    cores: Cores,
    environment: Mapping[str, str] | None = None,
    deadline_s: float = _READY_DEADLINE_S,
) -> Iterator[Server]:
    """Start a server; it is ready when `ready_path` is answered 200.

    Raises ProcessError, with the last lines of its log, where it ends before or takes too long.
    """
    host = f"http://127.0.0.1:{port}"
    with Child(command, log=log, core=cores.server, environment=environment) as child:
        deadline = time.monotonic() + deadline_s
        while not _is_ready(host + ready_path):
            code = child.process.poll()
            if code is not None:
                raise ProcessError(f"it ended with exit code {code}:\n{child.tail()}")
            if time.monotonic() > deadline:
                raise ProcessError(f"it was not ready within {deadline_s:.0f} s:\n{child.tail()}")
            time.sleep(_POLL_S)  # between two looks at the condition
        yield Server(host, cores.load)


@contextmanager
def service(
    models: Path, model: str, variants: Sequence[str], *, log: Path, cores: Cores
) -> Iterator[Server]:
    """Start our service, as a user does: one worker, every part of it on."""
    port = free_port()
    command = [sys.executable, "-m", "service", "--models", str(models.resolve()), "--default-model", model]
    command += ["--preload", ",".join(variants), "--port", str(port)]
    with started(command, port=port, ready_path="/health/ready", log=log, cores=cores) as server:
        yield server


@contextmanager
def bare(answer_bytes: int, *, log: Path, cores: Cores) -> Iterator[Server]:
    """Start the bare ASGI application."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.subjects.bare", "--port", str(port)]
    command += ["--answer-bytes", str(answer_bytes)]
    with started(command, port=port, ready_path="/", log=log, cores=cores) as server:
        yield server


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5.0).status_code == 200
    except httpx.HTTPError:
        return False
