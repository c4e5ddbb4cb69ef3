"""What is relied on inside uvicorn is named; where it is not there, requests are answered all the same."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from uvicorn.protocols.http import httptools_impl

import service.http
from bundle.normalizer import FloatArray
from service.http.uvicorn_internals import NAMES, doubt, doubt_of_installed
from tests.patience import wait_until
from tests.running_service import RunningService, running_service
from tests.service.connection import Connection, request
from tests.service.metrics_text import scrape, wait_for

GOOD = ("0.54.0", "0.9.0")
FOLDER = Path(service.http.__file__).parent
START = "import sys\nfrom service.__main__ import main\nraise SystemExit(main(sys.argv[1:]))\n"
UNKNOWN_VERSION = "import uvicorn\nuvicorn.__version__ = '99.0'\n" + START
MISSING_NAME = (  # which uvicorn itself still finds, as if it had been renamed everywhere
    "import builtins\nfrom uvicorn.protocols.http import httptools_impl\n"
    "builtins.STATUS_LINE = httptools_impl.STATUS_LINE\ndel httptools_impl.STATUS_LINE\n" + START
)


MADE = ("__init__", "startup", "shutdown")  # what is looked into, or is there in any case


class WithoutMethod(httptools_impl.HttpToolsProtocol):
    """As if `_unset_keepalive_if_required` had never been there."""

    def __getattribute__(self, name: str) -> Any:
        if name == "_unset_keepalive_if_required":
            raise AttributeError(name)
        return super().__getattribute__(name)


class WithoutExpectation(httptools_impl.HttpToolsProtocol):
    """Forgets, with the head of each request, whether the client waits to be asked for the body."""

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        del self.expect_100_continue


class OfAnotherSignature(httptools_impl.HttpToolsProtocol):
    """Is made in another way."""

    def __init__(self) -> None:
        raise TypeError("it takes other arguments now")


def module(**changes: Any) -> SimpleNamespace:
    """Return uvicorn's implementation with other contents."""
    return SimpleNamespace(**(vars(httptools_impl) | changes))


def test_what_is_installed_here_is_relied_on() -> None:
    assert doubt_of_installed() is None


@pytest.mark.parametrize(
    "versions", [GOOD, ("0.35.0", "0.6.0"), ("0.54.99", "0.9.99"), ("0.40.0.post1", "0.7.1")]
)
def test_a_tested_version_is_relied_on_whatever_its_patch(versions: tuple[str, str]) -> None:
    assert doubt(*versions, httptools_impl) is None


@pytest.mark.parametrize(
    ("uvicorn", "httptools", "told"),
    [
        ("99.0", "0.9.0", "uvicorn is 99.0; tested are 0.35 to 0.54"),
        ("0.55.0", "0.9.0", "uvicorn is 0.55.0"),
        ("0.34.3", "0.9.0", "uvicorn is 0.34.3"),
        ("1.0.0", "0.9.0", "uvicorn is 1.0.0"),
        ("unknown", "0.9.0", "uvicorn is unknown"),
        ("0.54.0", "0.5.0", "httptools is 0.5.0; tested are 0.6 to 0.9"),
        ("0.54.0", "1.0.0", "httptools is 1.0.0"),
    ],
)
def test_another_version_is_a_doubt_that_names_those_tested(uvicorn: str, httptools: str, told: str) -> None:
    assert str(doubt(uvicorn, httptools, httptools_impl)).startswith(told)


@pytest.mark.parametrize(
    ("implementation", "told"),
    [
        (SimpleNamespace(), "httptools_impl.HttpToolsProtocol, uvicorn.protocols.http.httptools_impl.STATUS"),
        (module(HttpToolsProtocol=object), "cannot read a request (TypeError"),
        (module(HttpToolsProtocol=OfAnotherSignature), "cannot read a request (TypeError"),
        (module(HttpToolsProtocol=WithoutExpectation), "lacks protocol.expect_100_continue"),
    ],
)
def test_a_name_that_is_missing_is_a_doubt_that_names_it(implementation: Any, told: str) -> None:
    assert told in str(doubt(*GOOD, implementation))


def test_a_method_that_is_missing_is_a_doubt() -> None:
    assert "_unset_keepalive_if_required" in str(doubt(*GOOD, module(HttpToolsProtocol=WithoutMethod)))


def relied_on() -> Iterator[tuple[str, str]]:
    """Yield each place and name that our protocol and server take from uvicorn's, and do not make."""
    yield from relied_on_by("protocol", "Protocol", "front.py", "protocol.py")
    yield from relied_on_by("server", "Server", "server.py")


def relied_on_by(kind: str, ending: str, *files: str) -> Iterator[tuple[str, str]]:
    classes = [
        node
        for file in files
        for node in ast.parse((FOLDER / file).read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name.endswith(ending)
    ]
    nodes = [node for one in classes for node in ast.walk(one) if isinstance(node, ast.Attribute)]
    own = {node.attr for node in nodes if isinstance(node.ctx, ast.Store) and is_self(node.value)}
    own |= {
        node.name
        for one in classes
        for node in one.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for node in nodes:
        of = node.value
        if is_super(of) or (is_self(of) and node.attr not in own):
            yield kind, node.attr
        elif isinstance(of, ast.Attribute) and of.attr in NAMES:
            yield of.attr, node.attr
        elif isinstance(of, ast.Name) and of.id in NAMES:
            yield of.id, node.attr


def is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def is_super(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def test_every_name_that_is_relied_on_is_looked_for() -> None:
    found = set(relied_on())
    assert ("protocol", "_unset_keepalive_if_required") in found
    assert ("cycle", "response_complete") in found
    assert ("server", "servers") in found
    assert not {(place, name) for place, name in found if name not in (*NAMES[place], *MADE)}


@contextmanager
def service_of(program: str, models: Path, log: Path, *arguments: str) -> Iterator[RunningService]:
    """Start a service whose uvicorn is not one that its protocol can rely on, and stop it in order."""
    preloaded = ("--preload", "float32,int8", *arguments)
    with running_service(models, log, *preloaded, program=("-c", program)) as service:
        yield service
        assert service.stop() == 0
    assert "Traceback" not in log.read_text()


@pytest.fixture(scope="module")
def plain(digits_alone: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    log = tmp_path_factory.mktemp("plain") / "log"
    with service_of(UNKNOWN_VERSION, digits_alone, log, "--max-connections", "3") as service:
        yield service


def test_the_log_warns_and_says_why_and_what_is_lost(plain: RunningService) -> None:
    log = plain.log.read_text()
    assert "WARNING:" in log
    assert "uvicorn is 99.0; tested are" in log
    assert "Not bounded are the size of a request's head" in log


def test_without_a_name_it_warns_and_answers_and_stops_in_order(digits_alone: Path, tmp_path: Path) -> None:
    with service_of(MISSING_NAME, digits_alone, tmp_path / "log") as service:
        assert "lacks uvicorn.protocols.http.httptools_impl.STATUS" in service.log.read_text()
        with Connection(service.client) as connection:
            octets = "content-type: application/octet-stream"
            connection.send(request(bytes(256), octets) * 3 + request(b"{"))
            assert [connection.read().status for _ in range(4)] == [200, 200, 200, 400]


def test_without_internals_predictions_are_the_same(
    plain: RunningService, rows: FloatArray, expected: dict[str, FloatArray]
) -> None:
    series = 'rows_total{model="digits",variant="int8"}'
    before = scrape(plain.client, series)
    answer = plain.client.post("/predict?variant=int8", json={"instances": rows.tolist()})
    assert answer.status_code == 200
    np.testing.assert_allclose(answer.json()["probabilities"], expected["int8"], atol=1e-6)
    assert wait_for(plain.client, series, lambda value: value > before) == before + len(rows)


def test_without_internals_pipelined_and_chunked_requests_are_answered_in_order(
    plain: RunningService, rows: FloatArray, expected: dict[str, FloatArray]
) -> None:
    octets = ("content-type: application/octet-stream", "accept: application/octet-stream")
    bodies = [row.astype("<f4").tobytes() for row in rows]
    chunked = b"POST /predict HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n%s\r\n\r\n" % (
        "\r\n".join(octets).encode()
    )
    with Connection(plain.client) as connection:
        connection.send(b"".join(request(body, *octets) for body in bodies))
        connection.send(chunked + b"%x\r\n%s\r\n0\r\n\r\n" % (len(bodies[0]), bodies[0]))
        answers = [connection.read() for _ in range(len(bodies) + 1)]
    assert {answer.status for answer in answers} == {200}
    got = np.array([np.frombuffer(answer.body, "<f4") for answer in answers])
    np.testing.assert_allclose(got, [*expected["float32"], expected["float32"][0]], atol=1e-6)


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ("", b"{", 400),
        ("?variant=nonesuch", b"{}", 404),
        ("?varient=int8", b"{}", 422),
        ("", b" " * (16 * 2**20 + 1), 413),
    ],
)
def test_without_internals_a_wrong_request_is_the_same_problem(
    plain: RunningService, query: str, body: bytes, status: int
) -> None:
    answer = plain.client.post(f"/predict{query}", content=body)
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_internals_the_other_addresses_answer(plain: RunningService) -> None:
    assert plain.client.get("/health/live").json() == {"status": "live"}
    assert plain.client.get("/health/ready").json() == {"status": "ready"}
    assert {model["name"] for model in plain.client.get("/models").json()["models"]} >= {"digits"}
    assert plain.client.get("/predict").status_code == 405


def test_without_internals_a_request_on_a_connection_too_many_is_refused(plain: RunningService) -> None:
    question = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"
    with ExitStack() as stack:
        held: list[Connection] = []
        status = 200
        while status == 200 and len(held) < 9:
            held.append(stack.enter_context(Connection(plain.client)))
            held[-1].send(question)
            status = held[-1].read().status
        assert status == 503
        assert len(held) in (3, 4)  # one place may be the client's of the tests before
        assert held[-1].is_closed()
        held[0].close()

        def is_answered() -> bool:
            with Connection(plain.client) as next_one:
                next_one.send(question)
                return next_one.read().status == 200

        wait_until(is_answered)  # the place is free as soon as the service sees it


def test_without_internals_a_mistake_is_still_told_in_a_line() -> None:
    command = [sys.executable, "-c", UNKNOWN_VERSION, "--models", "nowhere"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: --models is 'nowhere'")
