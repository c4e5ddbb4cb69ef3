"""The real service, started as a process for a test and stopped after it."""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.patience import PATIENCE_S, wait_until

# Of the service, unless a test says otherwise: a connection that it ought to close is not closed for its age,
# it does not drain, and it has no process count what it answers.
_DEFAULTS = {
    "PRECISION_LADDER__IDLE_TIMEOUT_S": "1000",
    "PRECISION_LADDER__HEAD_TIMEOUT_S": "1000",
    "PRECISION_LADDER__BODY_TIMEOUT_S": "1000",
    "PRECISION_LADDER__DRAIN_S": "0",
    "PRECISION_LADDER__AUDIT": "false",
}

# Nobody shows one, and to read those that are trusted takes a client 80 ms.
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass
class RunningService:
    """A service process, the client to talk to it, and its log."""

    process: subprocess.Popen[bytes]
    client: httpx.Client
    log: Path

    def new_client(self) -> httpx.Client:
        """Return another client, with connections of its own."""
        return client_of(str(self.client.base_url))

    def stop(self) -> int:
        """Send SIGTERM and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def wait_until_ready(self) -> None:
        """Wait until a model is loaded."""
        self._wait_for("/health/ready")

    def wait_until_live(self) -> None:
        """Wait until a worker answers."""
        self._wait_for("/health/live")

    def _wait_for(self, path: str) -> None:
        wait_until(lambda: _is_well(self.client, path), self.log.read_text)

    def wait_for_log(self, text: str, times: int = 1) -> None:
        """Wait until the log has this text so many times."""
        wait_until(lambda: self.log.read_text().count(text) >= times, self.log.read_text)


@contextmanager
def running_service(
    models: Path,
    log: Path,
    *arguments: str,
    ready: bool = True,
    environment: dict[str, str] | None = None,
    program: tuple[str, ...] = ("-m", "service"),
    stdout: int | None = None,
) -> Iterator[RunningService]:
    """Start `python -m service`, or `program`, on a free port; yield when it is ready, or only listens.

    What it prints goes to its log, or to the file `stdout`, and what it logs to the log.
    """
    command = [sys.executable, *program, "--models", str(models), "--port", "0", *arguments]
    with (
        log.open("wb") as stream,
        subprocess.Popen(
            command,
            stdout=stream if stdout is None else stdout,
            stderr=stream,
            env=os.environ | _DEFAULTS | (environment or {}),
        ) as process,
    ):
        try:
            with client_of(f"http://127.0.0.1:{_port(process, log)}") as client:
                service = RunningService(process, client, log)
                if ready:
                    service.wait_until_ready()
                yield service
        finally:
            process.terminate()  # and not kill: workers would outlive their parent


def client_of(address: str) -> httpx.Client:
    """Return a client of plain HTTP."""
    return httpx.Client(base_url=address, timeout=PATIENCE_S, verify=_NO_CERTIFICATES)


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    def found() -> re.Match[str] | None:
        said = re.search(r"running on http://[^:]+:(\d+)", log.read_text())
        assert said or process.poll() is None, log.read_text()
        return said

    listening = wait_until(found, lambda: f"the service did not listen: {log.read_text()}")
    return int(listening[1])


def _is_well(client: httpx.Client, path: str) -> bool:
    try:
        return client.get(path).status_code == 200
    except httpx.ConnectError:  # several workers share a port that is bound before one of them listens
        return False
