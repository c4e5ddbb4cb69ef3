"""Loads a server with a closed loop of ours, where there is no wrk."""

from __future__ import annotations

import json
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.errors import BenchmarkError
from benchmarks.load.client import TIMEOUT_S, Client, Findings
from benchmarks.load.request import Request
from loadtests.rig.child import Child, program

_SLACK_S = 60.0


class Own(Client):
    """`benchmarks.load.closed_loop` as a process: slower than wrk, and each latency has its time in it."""

    @property
    def name(self) -> str:
        return (
            f"a closed loop in Python {platform.python_version()} (there is no wrk): not comparable with it"
        )

    @contextmanager
    def begun(
        self, host: str, request: Request, *, connections: int, seconds: float
    ) -> Iterator[Callable[[], Findings]]:
        address = urlsplit(host)
        with tempfile.TemporaryDirectory(prefix="load-") as folder:
            content = Path(folder, "request")
            contents = [one.encoded(host) for one in request.each]
            content.write_bytes(b"".join(contents))
            told = (address.hostname, address.port, content, len(contents), connections, seconds, TIMEOUT_S)
            command = program("benchmarks.load.closed_loop", *map(str, told))
            with Child(command, log=Path(folder, "log"), core=self._core, talks=True) as child:

                def found() -> Findings:
                    line = child.hear(seconds + _SLACK_S)
                    if not line:
                        raise BenchmarkError(f"the client brought no result:\n{child.tail()}")
                    findings: Findings = json.loads(line)
                    return findings

                yield found
