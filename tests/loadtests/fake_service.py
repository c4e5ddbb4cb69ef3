"""A real HTTP service that knows the label of every test row, and misbehaves exactly as often as it is told.

`python -m tests.loadtests.fake_service` makes as many as are asked for, each a process: see `main`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import ssl
import sys
import threading
import time
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

from bundle.bundle import Bundle
from bundle.runtimes import open_runtime
from bundle.store import ModelStore
from tests.loadtests import fake_protocols

HANG_UP = 0  # instead of a status: the connection is closed without an answer
# How an answer begins, what it says of where it ends, and whether it ends with the connection.
FRAMES = {
    "sized": (b"HTTP/1.1", b"Content-Length: SIZE\r\n", False),
    "chunked": (b"HTTP/1.1", b"Transfer-Encoding: chunked\r\n", False),
    "unsized": (b"HTTP/1.1", b"", True),
    "http10": (b"HTTP/1.0", b"Content-Length: SIZE\r\n", True),
    "http10-kept": (b"HTTP/1.0", b"Connection: keep-alive\r\nContent-Length: SIZE\r\n", False),
    "hinted": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1",
        b"Content-Length: SIZE\r\n",
        False,
    ),
    "folded": (b"HTTP/1.1", b"X: in\r\n two lines\r\ncOnTeNt-LeNgTh:\r\n\tSIZE\r\n", False),
}
INFERENCE_S = 0.0005  # what it says that each request cost the model


class Queue:
    """A lock that those have first who came first, which a lock of Python does not promise."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()

    @contextmanager
    def turn(self) -> Iterator[None]:
        mine = object()
        with self._changed:
            self._waiting.append(mine)
            self._changed.wait_for(lambda: self._waiting[0] is mine)
        try:
            yield
        finally:
            with self._changed:
                self._waiting.popleft()
                self._changed.notify_all()


class FakeService(ThreadingHTTPServer):
    """Numbers the requests to /predict from 1, and keeps count of what it did to them."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, bundle: Bundle, options: argparse.Namespace) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        x, y = bundle.test_set()
        self.bundle = bundle
        self.options = options
        self.labels = {row.tobytes(): label for row, label in zip(x, y.tolist(), strict=True)}
        self.probabilities: dict[bytes, list[float]] = {}
        if options.as_model:
            known = bundle.manifest.labels
            predicted = open_runtime(bundle, options.as_model).predict(x)
            self.labels = {
                row.tobytes(): known[best] for row, best in zip(x, predicted.argmax(axis=1), strict=True)
            }
            self.probabilities = {row.tobytes(): one for row, one in zip(x, predicted.tolist(), strict=True)}
        self.seen: set[bytes] = set()
        self.connections = 0
        self.gate = threading.Lock()
        self.core = Queue()
        self.lock = threading.Lock()
        self.grpc: Any = None
        self.counts = {"requests": 0, "errors": 0, "wrong": 0, "strangers": 0, "hang_ups": 0}

    def process_request(self, request: Any, client_address: Any) -> None:
        """Close some connections at once: not the first, on which somebody asks whether all is well."""
        self.connections += 1
        if self.options.certificate:
            request = self.secured(request)
        if 1 < self.connections <= 1 + self.options.close_first:
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def secured(self, request: Any) -> Any:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.options.certificate)
        return context.wrap_socket(request, server_side=True, do_handshake_on_connect=False)

    def grpc_port(self) -> int:
        """Return the port at which gRPC is spoken, from now on."""
        if self.grpc is None:
            from tests.loadtests.fake_grpc import Grpc  # which few tests need, and takes a while to import

            self.grpc = Grpc(self)
        return int(self.grpc.port)

    def number(self) -> int:
        with self.lock:
            self.counts["requests"] += 1
            return self.counts["requests"]

    def note(self, what: str) -> None:
        with self.lock:
            self.counts[what] += 1

    def exposition(self) -> str:
        requests = self.counts["requests"]
        target = f'{{model="{self.bundle.name}",variant="int8"}}'
        return (
            "# TYPE inference_seconds histogram\n"
            f"inference_seconds_sum{target} {requests * INFERENCE_S}\n"
            f"inference_seconds_count{target} {requests}\n"
        )

    def predict(self, asked: dict[str, list[str]], body: bytes) -> tuple[int, dict[str, Any]]:
        return self.answer(
            asked["variant"][0], body, lambda: np.array(json.loads(body)["instances"], np.float32)
        )

    def answer_other(self, path: str, body: bytes, json_length: str | None) -> tuple[int, bytes]:
        """Answer a request of another protocol than `/predict`."""
        asked = fake_protocols.asked(path, body, json_length)
        if asked.model != self.bundle.name:
            return 404, json.dumps({"error": f"there is no model {asked.model}"}).encode()
        status, native = self.answer(asked.variant or "int8", body, lambda: asked.rows)
        if status != 200:
            return status, json.dumps({"error": native.get("detail")}).encode()
        labels = list(self.bundle.manifest.labels)
        return status, fake_protocols.answer(asked, native, labels, self.options.answers)

    def answer(self, variant: str, body: bytes, read: Callable[[], Any]) -> tuple[int, dict[str, Any]]:
        number = self.number()
        self.dawdle(number, body)
        if self.bundle.manifest.variant(variant) is None:
            names = ", ".join(known.name for known in self.bundle.manifest.variants)
            return 404, {"detail": f"no variant {variant!r}; there are: {names}"}
        if variant == self.options.without:
            return 503, {"detail": f"{variant} cannot be loaded here"}
        if _is_turn(number + 1, self.options.hang_up_every):
            self.note("hang_ups")
            return HANG_UP, {}
        if _is_turn(number, self.options.error_every):
            self.note("errors")
            return 500, {"detail": "told to"}
        rows = read()
        answers = [self.labels.get(row.tobytes(), self.bundle.manifest.labels[0]) for row in rows]
        known = self.bundle.manifest.labels
        if _is_turn(
            number + 7, self.options.wrong_every
        ):  # so that the turns of the two do not fall together
            self.note("wrong")
            answers[0] = known[(known.index(answers[0]) + 1) % len(known)]
        if _is_turn(number + 3, self.options.stranger_every):
            self.note("strangers")
            variant = "another"
        return 200, {
            "model": self.bundle.name,
            "version": self.bundle.version,
            "variant": variant,
            "predictions": answers,
            "probabilities": [
                self.probabilities.get(row.tobytes(), [1 / len(known)] * len(known)) for row in rows
            ],
        }

    def dawdle(self, number: int, body: bytes) -> None:
        """Take as long as it was told to."""
        options = self.options
        with self.gate:
            pass  # while another request stalls, nobody gets on
        if options.slow_ms:
            with self.core.turn() if options.one_at_a_time else nullcontext():
                time.sleep(options.slow_ms / 1000)
        if _is_turn(number, options.stall_every):
            with self.gate:
                time.sleep(options.stall_ms / 1000)
        if _is_turn(number, options.late_every):
            time.sleep(options.late_ms / 1000)
        if number == options.never_answers:
            threading.Event().wait()
        if options.busy_ms:
            until = time.thread_time() + options.busy_ms / 1000
            while time.thread_time() < until:
                pass
        if options.drift_us:
            time.sleep(number * options.drift_us / 1e6)
        if options.cache_ms:
            with self.lock:
                is_new = body not in self.seen
                self.seen.add(body)
            if is_new:
                time.sleep(options.cache_ms / 1000)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: FakeService
    answers = 0  # on this connection

    def setup(self) -> None:
        options = self.server.options
        if options.certificate and _is_turn(self.server.connections, options.slow_handshake_every):
            time.sleep(options.handshake_ms / 1000)
        self.request.settimeout(options.idle_s)
        super().setup()

    def parse_request(self) -> bool:
        """Take off the path below which the service is, and see who asks."""
        if not super().parse_request():
            return False
        options = self.server.options
        self.path = self.path.removeprefix(options.prefix)
        if options.user and self.headers["Authorization"] != _basic(options.user):
            self._answer(401, "{}")
            return False
        return True

    def do_GET(self) -> None:
        if self.path == "/counts":
            self._answer(200, json.dumps(self.server.counts))
        elif self.path == "/pid":
            self._answer(200, str(os.getpid()))
        elif self.path == "/grpc":
            self._answer(200, str(self.server.grpc_port()))
        elif self.path == "/metrics":
            self._answer(200, self.server.exposition())
        elif self.path == "/v2" or fake_protocols.is_other(self.path):
            bundle, is_ready = self.server.bundle, not self.server.options.not_ready
            features = bundle.manifest.input.features
            status, told = fake_protocols.told(self.path, bundle.name, features, is_ready=is_ready)
            self._answer(status, json.dumps(told))
        else:
            self._answer(200 if self.path == "/health/ready" else 404, "{}")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if fake_protocols.is_other(self.path):
            json_length = self.headers["Inference-Header-Content-Length"]
            status, content = self.server.answer_other(self.path, body, json_length)
        else:
            status, answer = self.server.predict(parse_qs(urlsplit(self.path).query), body)
            content = json.dumps(answer).encode()
        if status == HANG_UP:
            self.close_connection = True
            return
        self._answer(status, content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self, status: int, text: str | bytes) -> None:
        self.answers += 1
        options = self.server.options
        is_last = self.answers == options.answers_a_connection
        close = b"Connection: close\r\n" if is_last and options.announces else b""
        begin, fields, ends_with_connection = FRAMES[options.frame]
        content = text.encode() if isinstance(text, str) else text
        if b"chunked" in fields:
            content = b"%x;name=value\r\n%b\r\n0\r\nTrailer: x\r\n\r\n" % (len(content), content)
        self.close_connection = is_last or ends_with_connection
        if is_last and not options.announces and sys.platform == "linux":
            # The end comes in one packet with the answer. A request that comes between the two is lost, which
            # is a failure, and would here be one of chance.
            self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        head = b"%b %d X\r\n%b%b\r\n" % (begin, status, fields.replace(b"SIZE", b"%d" % len(content)), close)
        self.wfile.write(head + content)
        self.wfile.flush()


def _basic(user: str) -> str:
    return f"Basic {b64encode(user.encode()).decode()}"


def _is_turn(number: int, every: int) -> bool:
    return bool(every) and number % every == 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("models", type=Path)
    parser.add_argument("model")
    parser.add_argument("--close-first", type=int, default=0, help="connections, as soon as they are open")
    parser.add_argument("--hang-up-every", type=int, default=0)
    parser.add_argument("--error-every", type=int, default=0)
    parser.add_argument("--wrong-every", type=int, default=0)
    parser.add_argument("--stranger-every", type=int, default=0)
    parser.add_argument("--without", default="")
    parser.add_argument("--answers", choices=fake_protocols.ANSWERS, default="both", help="but to /predict")
    parser.add_argument("--not-ready", action="store_true", help="in other protocols than that of /predict")
    parser.add_argument("--stall-every", type=int, default=0)
    parser.add_argument("--stall-ms", type=float, default=200.0)
    parser.add_argument("--late-every", type=int, default=0, help="requests, of which that one alone is late")
    parser.add_argument("--late-ms", type=float, default=1000.0)
    parser.add_argument("--never-answers", type=int, default=0, help="the request of this number")
    parser.add_argument("--busy-ms", type=float, default=0.0, help="processor time of each request")
    parser.add_argument("--slow-handshake-every", type=int, default=0, help="connections, with a certificate")
    parser.add_argument("--handshake-ms", type=float, default=200.0)
    parser.add_argument("--drift-us", type=float, default=0.0, help="how much longer each request takes")
    parser.add_argument("--cache-ms", type=float, default=0.0, help="saved where a body comes again")
    parser.add_argument("--as-model", default="", help="the variant whose predictions it gives")
    parser.add_argument("--slow-ms", type=float, default=0.0, help="how long each request takes at least")
    parser.add_argument("--one-at-a-time", action="store_true", help="of the slow requests")
    parser.add_argument("--frame", choices=FRAMES, default="sized", help="how it says where an answer ends")
    parser.add_argument("--answers-a-connection", type=int, default=0, help="before it closes it")
    parser.add_argument("--announces", action="store_true", help="that it closes the connection")
    parser.add_argument("--idle-s", type=float, help="after which it closes a connection")
    parser.add_argument("--prefix", default="", help="path below which it is")
    parser.add_argument("--user", default="", help="the only one whom it answers, as name:password")
    parser.add_argument("--certificate", help="speak TLS; a file of a certificate and its key")
    return parser.parse_args(arguments)


_opened = cache(lambda models, model: ModelStore(models).open(model))


def _serve(arguments: list[str]) -> None:
    """Print the number of this process and the port, or why there is none, and serve."""
    try:
        options = _options(arguments)
        service = FakeService(_opened(options.models, options.model), options)
    except BaseException as error:
        _say(error=repr(error))
        raise
    _say(pid=os.getpid(), port=service.server_address[1])
    service.serve_forever()


def _say(**what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _start(arguments: list[str]) -> int:
    """Start a service in a process of its own, which has imported all that we have."""
    _opened(Path(arguments[0]), arguments[1])  # once for all of them
    pid = os.fork()
    if pid:
        return pid
    try:
        _serve(arguments)
    finally:
        os._exit(1)


def _stop(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def main() -> None:
    """Start a service for each line of arguments, and stop the one whose number is a line; then say `{}`.

    All of them end with us. Importing what they need would take most of the time of many a test.
    """
    running: set[int] = set()
    try:
        for line in sys.stdin:
            asked = json.loads(line)
            if isinstance(asked, list):
                running.add(_start(asked))
            else:
                running.remove(asked)
                _stop(asked)
                _say()
    finally:
        for pid in running:
            _stop(pid)


if __name__ == "__main__":
    main()
