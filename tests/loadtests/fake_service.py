"""A real HTTP service that knows the label of every test row, and misbehaves exactly as often as it is told.

`python -m tests.loadtests.fake_service MODELS MODEL [--error-every 20] ...` prints its port and serves.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

from bundle.bundle import Bundle
from bundle.runtimes import open_runtime
from bundle.store import ModelStore

HANG_UP = 0  # instead of a status: the connection is closed without an answer
INFERENCE_S = 0.0005  # what it says that each request cost the model


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
        self.lock = threading.Lock()
        self.counts = {"requests": 0, "errors": 0, "wrong": 0, "strangers": 0, "hang_ups": 0}

    def process_request(self, request: Any, client_address: Any) -> None:
        """Close some connections at once: not the first, on which somebody asks whether all is well."""
        self.connections += 1
        if 1 < self.connections <= 1 + self.options.close_first:
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

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
        number = self.number()
        self.dawdle(number, body)
        variant = asked["variant"][0]
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
        rows = np.array(json.loads(body)["instances"], np.float32)
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
        if _is_turn(number, options.stall_every):
            with self.gate:
                time.sleep(options.stall_ms / 1000)
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

    def do_GET(self) -> None:
        if self.path == "/counts":
            self._answer(200, json.dumps(self.server.counts))
        elif self.path == "/metrics":
            self._answer(200, self.server.exposition())
        else:
            self._answer(200 if self.path == "/health/ready" else 404, "{}")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, answer = self.server.predict(parse_qs(urlsplit(self.path).query), body)
        if status == HANG_UP:
            self.close_connection = True
            return
        self._answer(status, json.dumps(answer))

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self, status: int, text: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _is_turn(number: int, every: int) -> bool:
    return bool(every) and number % every == 0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("models", type=Path)
    parser.add_argument("model")
    parser.add_argument("--close-first", type=int, default=0, help="connections, as soon as they are open")
    parser.add_argument("--hang-up-every", type=int, default=0)
    parser.add_argument("--error-every", type=int, default=0)
    parser.add_argument("--wrong-every", type=int, default=0)
    parser.add_argument("--stranger-every", type=int, default=0)
    parser.add_argument("--without", default="")
    parser.add_argument("--stall-every", type=int, default=0)
    parser.add_argument("--stall-ms", type=float, default=200.0)
    parser.add_argument("--drift-us", type=float, default=0.0, help="how much longer each request takes")
    parser.add_argument("--cache-ms", type=float, default=0.0, help="saved where a body comes again")
    parser.add_argument("--as-model", default="", help="the variant whose predictions it gives")
    options = parser.parse_args()
    service = FakeService(ModelStore(options.models).open(options.model), options)
    sys.stdout.write(f"{service.server_address[1]}\n")
    sys.stdout.flush()
    service.serve_forever()


if __name__ == "__main__":
    main()
