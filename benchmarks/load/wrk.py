"""Loads a server with `wrk`, and reads what it found.

wrk is a closed loop: a connection sends its next request when it has the last answer. That is right for
asking what a server can do at most, and says nothing of latency at a given rate.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks.cores import bound_to
from benchmarks.errors import BenchmarkError, VoidRunError
from benchmarks.load.request import Request
from benchmarks.measure.sample import Sample

_MARK = "wrk-result "
_SLACK_S = 60.0
_TIMEOUT_S = 20  # for one answer; one that takes longer is an error

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


def find() -> str:
    """Return where wrk is. Raise BenchmarkError where it is not installed."""
    path = shutil.which("wrk")
    if path is None:
        raise BenchmarkError("wrk is not installed; `apt-get install wrk` brings it on Debian and Ubuntu")
    return path


def script(request: Request, body: Path) -> str:
    """Return the Lua script that sends `request`, whose body is in the file `body`."""
    return _SCRIPT.format(body=json.dumps(str(body)), content_type=request.content_type, mark=_MARK)


def load(host: str, request: Request, *, connections: int, seconds: int, core: int) -> Sample:
    """Send `request` over and over for so many seconds. Raise VoidRunError where an answer was no success."""
    program = find()
    with tempfile.TemporaryDirectory(prefix="wrk-") as folder, bound_to(core):
        body, lua = Path(folder, "body"), Path(folder, "request.lua")
        body.write_bytes(request.body)
        lua.write_text(script(request, body), encoding="utf-8")
        command = [program, "-t1", f"-c{connections}", f"-d{seconds}s", f"--timeout={_TIMEOUT_S}s"]
        try:
            done = subprocess.run(
                [*command, "-s", str(lua), host + request.path],
                capture_output=True,
                text=True,
                check=False,
                timeout=seconds + _SLACK_S,
            )
        except subprocess.TimeoutExpired as error:
            raise VoidRunError(f"wrk did not end {_SLACK_S:.0f} s after its time") from error
    if done.returncode != 0:
        raise BenchmarkError(
            f"wrk ended with exit code {done.returncode}: {(done.stderr or done.stdout).strip()}"
        )
    return parse(done.stdout)


def parse(output: str) -> Sample:
    """Read what the script wrote. Raise VoidRunError where an answer was no success, or none came."""
    found = re.search(rf"^{_MARK}(.*)$", output, re.MULTILINE)
    if found is None:
        raise BenchmarkError(f"wrk wrote no result: {output[-300:]!r}")
    fields = json.loads(found[1])
    errors = {
        name: fields[name] for name in ("connect", "read", "write", "status", "timeout") if fields[name]
    }
    if errors:
        listed = ", ".join(f"{count} {name}" for name, count in errors.items())
        raise VoidRunError(f"not every answer was 2xx: {fields['requests']} requests, errors: {listed}")
    if fields["requests"] == 0:
        raise VoidRunError("not one request was answered")
    return Sample(fields["requests"], fields["duration_us"] / 1e6, fields["p50_us"], fields["p99_us"])
