"""wrk is told what to send, and what it prints is read as numbers."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.load.client import Client
from benchmarks.load.request import json_request, octets_request
from benchmarks.load.wrk import Wrk, parse
from loadtests.rig.cores import Cores
from tests.benchmarks.load.test_client import FINDINGS

REQUEST = json_request("/predict?variant=int8", {"instances": [[1.0]]})


def output() -> str:
    """Return what wrk prints with our script."""
    return (
        "Running 2s test @ http://127.0.0.1:1/predict\n"
        "  30000 requests in 2.00s, 4.00MB read\n"
        f"wrk-result {json.dumps(FINDINGS)}\n"
    )


def stand_in(folder: Path, script: str) -> str:
    """Write a program that is started as wrk is, and does what the shell script says."""
    program = folder / "wrk"
    program.write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def test_a_result_is_found_in_what_wrk_prints() -> None:
    assert parse(output()) == FINDINGS


def test_output_without_a_result_is_an_error_that_shows_it() -> None:
    with pytest.raises(BenchmarkError, match="unable to connect"):
        parse("unable to connect to 127.0.0.1:1 Connection refused\n")


def test_wrk_is_told_the_request_and_for_how_long(bound: Cores, tmp_path: Path) -> None:
    told, lua = tmp_path / "told", tmp_path / "lua"
    script = f'echo "$@" > {told}; cp "$6" {lua}; cat <<\'END\'\n{output()}END\n'
    client = Wrk(stand_in(tmp_path, script), bound.load)
    assert client.load("http://127.0.0.1:1", REQUEST, connections=32, seconds=3).count == 30000
    words = told.read_text(encoding="utf-8").split()
    assert words[:4] == ["-t1", "-c32", "-d3s", "--timeout=20s"]
    assert words[-1] == "http://127.0.0.1:1/predict?variant=int8"
    assert 'wrk.headers["Content-Type"] = "application/json"' in lua.read_text(encoding="utf-8")


def test_requests_of_several_bodies_are_sent_in_turn(client: Client) -> None:
    """By either client, for they are told in different ways."""
    heard: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            heard.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        request = octets_request("/predict", *(np.full((1, 2), number, np.float32) for number in range(3)))
        client.load(f"http://127.0.0.1:{server.server_port}", request, connections=1, seconds=1)
        server.shutdown()
    bodies = [request.body, *request.others]
    assert len(heard) >= 3
    first = bodies.index(heard[0])
    assert heard[:-1] == [bodies[(first + number) % 3] for number in range(len(heard) - 1)]


def test_a_wrk_that_fails_is_an_error_with_what_it_said(bound: Cores, tmp_path: Path) -> None:
    client = Wrk(stand_in(tmp_path, "echo no such option >&2; exit 3"), bound.load)
    with pytest.raises(BenchmarkError, match="wrk ended with exit code 3: no such option"):
        client.load("http://127.0.0.1:1", REQUEST, connections=1, seconds=1)
