"""Loads a server with `wrk`, and reads what it found."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from math import ceil
from pathlib import Path

from benchmarks.errors import BenchmarkError, VoidRunError
from benchmarks.load.client import TIMEOUT_S, Client, Findings
from benchmarks.load.request import Request
from loadtests.rig.child import Child
from loadtests.rig.cores import Bound

_MARK = "wrk-result "
_SLACK_S = 60.0

# wrk's own print-out rounds to three digits; its script sees every number.
_SCRIPT = """
local file = assert(io.open({body}, "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
file:close()
wrk.headers["Content-Type"] = "{content_type}"
wrk.headers["Accept"] = "{content_type}"
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{mark}{{"requests": %d, "duration_us": %d, "p50_us": %.1f, "p99_us": %.1f, ' ..
    '"connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d}}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
"""

_IN_TURN = """
local all, requests, last = wrk.body, {{}}, 0
init = function(args)
  for start = 1, #all, {size} do
    table.insert(requests, wrk.format(nil, nil, nil, all:sub(start, start + {size} - 1)))
  end
end
request = function()
  last = last % #requests + 1
  return requests[last]
end
"""


def find() -> str | None:
    """Return where wrk is; None where it is not installed."""
    return shutil.which("wrk")


class Wrk(Client):
    """The program `wrk`, one thread of it. It knows whole seconds only, and so takes a begun one whole."""

    is_wrk = True

    def __init__(self, program: str, core: Bound) -> None:
        super().__init__(core)
        self._program = program

    @cached_property
    def name(self) -> str:
        done = subprocess.run([self._program, "--version"], capture_output=True, text=True, check=False)
        first = (done.stdout or done.stderr).partition("\n")[0]
        return first.partition("[")[0].strip()

    @contextmanager
    def begun(
        self, host: str, request: Request, *, connections: int, seconds: float
    ) -> Iterator[Callable[[], Findings]]:
        with tempfile.TemporaryDirectory(prefix="wrk-") as folder:
            body, lua, log = (Path(folder, name) for name in ("body", "request.lua", "log"))
            body.write_bytes(b"".join((request.body, *request.others)))
            lua.write_text(script(request, body), encoding="utf-8")
            command = [
                self._program,
                "-t1",
                f"-c{connections}",
                f"-d{ceil(seconds)}s",
                f"--timeout={TIMEOUT_S}s",
            ]
            with Child([*command, "-s", str(lua), host + request.path], log=log, core=self._core) as child:

                def found() -> Findings:
                    code = child.wait(seconds + _SLACK_S)
                    if code is None:
                        raise VoidRunError(f"wrk did not end {_SLACK_S:.0f} s after its time")
                    if code:
                        raise BenchmarkError(f"wrk ended with exit code {code}: {child.tail()}")
                    return parse(log.read_text(encoding="utf-8", errors="replace"))

                yield found


def script(request: Request, body: Path) -> str:
    """Return the Lua script that sends `request`, whose body is in the file `body`, the others after it."""
    text = _SCRIPT.format(body=json.dumps(str(body)), content_type=request.content_type, mark=_MARK)
    return text + _IN_TURN.format(size=len(request.body)) if request.others else text


def parse(output: str) -> Findings:
    """Read what the script wrote. Raise BenchmarkError where that is not in it."""
    found = re.search(rf"^{_MARK}(.*)$", output, re.MULTILINE)
    if found is None:
        raise BenchmarkError(f"wrk wrote no result: {output[-300:]!r}")
    findings: Findings = json.loads(found[1])
    return findings
