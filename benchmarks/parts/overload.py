"""What the service does with more work than it can do: `python -m benchmarks.overload --model M --variant V`.

An open loop: each run's arrivals are drawn beforehand, at a share of the rate that saturates the service,
which is found first. A latency runs from the moment at which its request was due, so a generator that falls
behind makes the service look worse, and never better; its share of its core stands in the table. Where more
requests are open than there may be connections, those due wait in the generator, and their latency runs.
The server has core 0 and one thread for calls, the generator core 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
import uvloop

from bundle.errors import BundleError
from bundle.store import ModelStore

SHARES = (0.25, 0.5, 0.75, 0.9, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)  # of the saturating rate
_CLOSED_CONNECTIONS = 32  # enough to keep the service busy, too few to be shed
_TICK_S = 0.001  # uvloop's shortest sleep; what is due in between goes out together
_DRAIN_S = 60.0
_READY_S = 120.0


@dataclass(frozen=True)
class Sample:
    """One answer, in seconds since the run began: when it was due, when it was there, and its status."""

    due: float
    end: float
    status: int


@dataclass(frozen=True)
class Point:
    """What happened at one offered rate; rates in requests a second, latencies of answers with status 200."""

    share: float
    offered: float
    goodput: float
    p50_ms: float
    p99_ms: float
    shed_share: float
    failures: int
    rss_mb: float
    generator_cpu: float


def arrivals(rate: float, seconds: float, seed: int) -> list[float]:
    """Draw the moments at which requests are due: a Poisson process, the same for the same seed."""
    source = random.Random(seed)  # noqa: S311 - no secret
    due: list[float] = []
    moment = source.expovariate(rate)
    while moment < seconds:
        due.append(moment)
        moment += source.expovariate(rate)
    return due


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` of the values do not exceed; NaN of none."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)] if ordered else float("nan")


def summarise(
    samples: Sequence[Sample], *, share: float, seconds: float, rss: int, generator_cpu: float
) -> Point:
    """Reduce a run's samples; the first fifth of the run, in which queues fill, is left out."""
    start = seconds / 5
    counted = [sample for sample in samples if start <= sample.due < seconds]
    good_ms = [(sample.end - sample.due) * 1e3 for sample in counted if sample.status == 200]
    in_time = [sample for sample in samples if sample.status == 200 and start <= sample.end < seconds]
    return Point(
        share=share,
        offered=len(counted) / (seconds - start),
        goodput=len(in_time) / (seconds - start),
        p50_ms=percentile(good_ms, 0.5),
        p99_ms=percentile(good_ms, 0.99),
        shed_share=sum(sample.status == 503 for sample in counted) / max(1, len(counted)),
        failures=sum(sample.status not in (200, 503) for sample in samples),
        rss_mb=rss / 2**20,
        generator_cpu=generator_cpu,
    )


class Connection(asyncio.Protocol):
    """One request at a time, already encoded; of its answer, the status is read, and the rest passed over."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._transport: Any  # uvloop's, which is no asyncio.Transport
        self._buffer = b""
        self._status = 0
        self._left = -1  # bytes of the body to come; -1 while in the head
        self._due: float | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def send(self, content: bytes, due: float) -> None:
        self._due = due
        self._transport.write(content)

    def data_received(self, data: bytes) -> None:
        if self._left < 0:
            self._buffer += data
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            self._buffer = b""
            self._status = int(head[9:12])
            length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
            self._left = int(length[1]) if length else 0
            data = rest
        self._left -= len(data)
        if self._left <= 0:
            self._left = -1
            self._end(self._status)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pool.forget(self)
        self._end(0)

    def close(self) -> None:
        self._transport.close()

    def _end(self, status: int) -> None:
        due, self._due = self._due, None
        if due is not None:
            self._pool.answered(self, due, status)


@dataclass(eq=False)
class Pool:
    """The connections to the service, opened when needed, and the samples that they bring."""

    address: tuple[str, int]
    content: bytes
    connections_max: int
    samples: list[Sample] = field(default_factory=list)
    closed_loop: bool = False
    start: float = 0.0
    open: set[Connection] = field(default_factory=set)
    _idle: list[Connection] = field(default_factory=list)
    _waiting: deque[float] = field(default_factory=deque)
    _opening: set[asyncio.Task[None]] = field(default_factory=set)

    def send(self, due: float) -> None:
        """Send a request that is due, at once or as soon as a connection is free."""
        if self._idle:
            self._idle.pop().send(self.content, due)
            return
        self._waiting.append(due)
        if len(self.open) + len(self._opening) < self.connections_max:
            task = asyncio.get_running_loop().create_task(self._open_one())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open_one(self) -> None:
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(self), *self.address
        )
        self.open.add(connection)
        self._next(connection)

    def answered(self, connection: Connection, due: float, status: int) -> None:
        """Note an answer, and use its connection for what is due."""
        now = time.perf_counter() - self.start
        self.samples.append(Sample(due, now, status))
        if self.closed_loop:
            self._waiting.append(now)
        if connection in self.open:
            self._next(connection)

    def _next(self, connection: Connection) -> None:
        if self._waiting:
            connection.send(self.content, self._waiting.popleft())
        else:
            self._idle.append(connection)

    def forget(self, connection: Connection) -> None:
        """Use a connection no more: the service has closed it."""
        self.open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def close(self) -> None:
        """Close every connection."""
        for connection in list(self.open):
            connection.close()


async def run_closed(pool: Pool, seconds: float) -> float:
    """Return the rate of good answers when each connection always has a request open."""
    pool.closed_loop, pool.start = True, time.perf_counter()
    for _ in range(_CLOSED_CONNECTIONS):
        pool.send(0.0)
    await asyncio.sleep(seconds)
    since = seconds / 5
    good = sum(sample.status == 200 and since <= sample.end < seconds for sample in pool.samples)
    pool.close()
    return good / (seconds - since)


async def run_open(pool: Pool, due: list[float]) -> float:
    """Send what is due when it is due, wait for every answer, and return the share of a core that it took."""
    pool.start = time.perf_counter()
    cpu = time.process_time()
    sent = 0
    while sent < len(due):
        now = time.perf_counter() - pool.start
        while sent < len(due) and due[sent] <= now:
            pool.send(due[sent])
            sent += 1
        await asyncio.sleep(max(_TICK_S, due[sent] - now) if sent < len(due) else 0)
    share = (time.process_time() - cpu) / (time.perf_counter() - pool.start)
    async with asyncio.timeout(_DRAIN_S):
        while len(pool.samples) < len(due):  # noqa: ASYNC110 - answers come one by one
            await asyncio.sleep(0.01)
    pool.close()
    return share


@contextmanager
def service(options: argparse.Namespace, log: Path) -> Iterator[tuple[psutil.Process, tuple[str, int]]]:
    """Start the service on core 0, leave this process core 1, and yield when it is ready."""
    cores = sorted(os.sched_getaffinity(0))
    command = [sys.executable, "-m", "service", "--port", "0", "--threads", "1", "--reload-s", "0"]
    command += ["--models", str(options.models), "--default-model", options.model]
    command += ["--preload", options.variant, "--max-wait-ms", str(options.max_wait_ms)]
    os.sched_setaffinity(0, cores[:1])  # a child inherits it
    with log.open("wb") as stream, subprocess.Popen(command, stdout=stream, stderr=stream) as process:
        os.sched_setaffinity(0, cores[1:2] or cores)
        try:
            address = ("127.0.0.1", _wait_for_port(process, log))
            _wait_until_ready(address, process, log)
            yield psutil.Process(process.pid), address
        finally:
            process.send_signal(signal.SIGTERM)
            os.sched_setaffinity(0, cores)


def _wait_for_port(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + _READY_S
    while not (found := re.search(r"running on http://[^:]+:(\d+)", log.read_text())):
        _check_alive(process, log, deadline)
    return int(found[1])


def _wait_until_ready(address: tuple[str, int], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _READY_S
    while True:
        try:
            with urlopen(f"http://{address[0]}:{address[1]}/health/ready", timeout=10):
                return
        except OSError:  # 503 among them
            _check_alive(process, log, deadline)


def _check_alive(process: subprocess.Popen[bytes], log: Path, deadline: float) -> None:
    if process.poll() is not None or time.monotonic() > deadline:
        raise SystemExit(f"error: the service did not start; {log} ends:\n{log.read_text()[-2000:]}")
    time.sleep(0.05)  # between two looks


def encode(options: argparse.Namespace) -> bytes:
    """Return the request: rows of the bundle's test set, as JSON or as octets."""
    rows = ModelStore(options.models).open(options.model).test_set()[0][: options.rows].astype("<f4")
    body = rows.tobytes() if options.octets else json.dumps({"instances": rows.tolist()}).encode()
    kind = "octet-stream" if options.octets else "json"
    head = (
        f"POST /predict?variant={options.variant} HTTP/1.1\r\nhost: benchmark\r\n"
        f"content-type: application/{kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def measure(options: argparse.Namespace, log: Path) -> tuple[float, list[Point]]:
    """Return the saturating rate and what happened at each share of it."""
    content = encode(options)
    points = []
    with service(options, log) as (process, address):

        def pool() -> Pool:
            return Pool(address, content, options.connections)

        rates = sorted(uvloop.run(run_closed(pool(), options.seconds)) for _ in range(3))
        saturating = rates[1]
        if saturating == 0:
            raise SystemExit("error: the service answered no request with 200; is the variant there?")
        for number, share in enumerate(options.shares):
            run = pool()
            due = arrivals(saturating * share, options.seconds, seed=number)
            cpu = uvloop.run(run_open(run, due))
            points.append(
                summarise(
                    run.samples,
                    share=share,
                    seconds=options.seconds,
                    rss=process.memory_info().rss,
                    generator_cpu=cpu,
                )
            )
            print_line(row(points[-1]))
    return saturating, points


HEADS = (
    "offered/saturating",
    "offered/s",
    "goodput/s",
    "p50 ms",
    "p99 ms",
    "shed",
    "failed",
    "RSS MB",
    "generator CPU",
)


def row(point: Point) -> str:
    """Return a point as a line of a Markdown table."""
    cells = [
        f"{point.share:.2f}",
        f"{point.offered:,.0f}",
        f"{point.goodput:,.0f}",
        f"{point.p50_ms:.1f}",
        f"{point.p99_ms:.1f}",
        f"{point.shed_share:.1%}",
        f"{point.failures}",
        f"{point.rss_mb:.1f}",
        f"{point.generator_cpu:.0%}" + (" (the limit)" if point.generator_cpu > 0.9 else ""),
    ]
    return "| " + " | ".join(cells) + " |"


def print_line(text: str) -> None:
    """Print, and let it be seen at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def plot(points: Sequence[Point], path: Path, *, title: str, bound_ms: float) -> None:
    """Draw goodput, latencies, shed share and memory against the offered load."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    offered = [point.share for point in points]
    figure, axes = plt.subplots(2, 2, figsize=(10, 7), sharex=True, layout="constrained")
    panels: list[tuple[Any, str, dict[str, list[float]]]] = [
        (axes[0, 0], "requests a second", {"goodput": [p.goodput for p in points]}),
        (axes[0, 1], "latency of what was admitted (ms)", {"p50": [p.p50_ms for p in points]}),
        (axes[1, 0], "share refused with 503", {"shed": [p.shed_share for p in points]}),
        (axes[1, 1], "resident memory (MB)", {"RSS": [p.rss_mb for p in points]}),
    ]
    panels[0][2]["offered"] = [point.offered for point in points]
    panels[1][2]["p99"] = [point.p99_ms for point in points]
    for axis, label, curves in panels:
        for name, values in curves.items():
            axis.plot(offered, values, "--" if name == "offered" else "o-", label=name)
        axis.set_ylabel(label)
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
    axes[0, 1].axhline(bound_ms, color="grey", linestyle=":", label="bound on the expected wait")
    for axis in axes[0]:
        axis.legend()
    for axis in axes[1]:
        axis.set_xlabel("offered load / saturating load")
    figure.suptitle(title)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overload", description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of the models")
    parser.add_argument("--model", required=True)
    parser.add_argument("--variant", required=True)
    parser.add_argument("--rows", type=int, default=1, help="rows in a request")
    parser.add_argument("--octets", action="store_true", help="send octets instead of JSON")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each run")
    parser.add_argument("--connections", type=int, default=1024, help="at most")
    parser.add_argument("--max-wait-ms", type=float, default=250.0, help="the service's bound")
    parser.add_argument("--shares", type=float, nargs="+", default=SHARES, help="of the saturating rate")
    parser.add_argument("--out", type=Path, required=True, help="folder for overload.json and overload.md")
    parser.add_argument("--plot", type=Path, help="picture to draw, such as docs/overload.png")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it all, and write what was found."""
    options = parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    head = ["| " + " | ".join(HEADS) + " |", "| " + " | ".join("--:" for _ in HEADS) + " |"]
    print_line("\n".join(head))
    try:
        saturating, points = measure(options, options.out / "service.log")
    except BundleError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    peak = max(point.goodput for point in points)
    last = points[-1]
    title = f"{options.model} {options.variant}, {options.rows} rows a request"
    summary = (
        f"{title}: saturates at {saturating:,.0f} requests a second. At {last.share:g} times that, "
        f"goodput is {last.goodput / peak:.1%} of its peak ({peak:,.0f}/s), and the p99 of what was admitted "
        f"{last.p99_ms:.0f} ms; the service admits what expects to wait at most {options.max_wait_ms:g} ms."
    )
    print_line("\n" + summary)
    table = "\n".join([*head, *map(row, points)])
    (options.out / "overload.md").write_text(f"{table}\n\n{summary}\n", encoding="utf-8")
    found = {"saturating": saturating, "points": [asdict(point) for point in points]}
    (options.out / "overload.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if options.plot is not None:
        plot(points, options.plot, title=title, bound_ms=options.max_wait_ms)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
