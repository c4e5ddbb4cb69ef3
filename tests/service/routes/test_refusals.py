"""Whatever is wrong: the answer has the shape and the status of the protocol that is spoken at the place."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import OverloadedError
from service.wire.protocols import PROTOCOLS, owner, refuse
from tests.running_service import running_service
from tests.service.connection import Connection
from tests.service.routes.within import within

Rows = list[list[float]]
ROW = [0.0] * 64
LIMITS = ("--max-body-bytes", "4000", "--max-rows", "3", "--body-timeout-s", "0.5", "--preload", "float32")


class Faulty:
    """Fails where it is asked to."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (b"x-fail", b"1") in scope["headers"]:
            raise RuntimeError("a secret")
        await self.app(scope, receive, send)


@dataclass(frozen=True)
class Spoken:
    """A protocol: how a model is asked, and what is special about its refusals."""

    predict: str
    body: Callable[[Rows], dict[str, Any]]
    about: str
    """Another address, which is for GET."""
    nowhere: str
    late: tuple[dict[str, str], dict[str, Any]]
    """What in the headers and in the body asks for an answer within a microsecond."""
    invalid: int = 400
    unknown: int = 404

    def post(
        self, client: httpx.Client, *rows: list[float], model: str = "digits", **given: Any
    ) -> httpx.Response:
        headers = given.pop("headers", {})
        content = given.pop("content", None) or json.dumps(self.body(list(rows)) | given)
        return client.post(self.predict.format(model), content=content, headers=headers)


def tensors(rows: Rows) -> dict[str, Any]:
    return {"inputs": [{"name": "x", "datatype": "FP32", "shape": [len(rows), len(rows[0])], "data": rows}]}


def instances(rows: Rows) -> dict[str, Any]:
    return {"instances": rows}


_LATE = {"x-timeout-ms": "0.001"}
SPOKEN = {
    "native": Spoken("/predict?model={}", instances, "/models", "/nothing", (_LATE, {}), invalid=422),
    "open inference": Spoken(
        "/v2/models/{}/infer",
        tensors,
        "/v2/models/digits",
        "/v2/nothing",
        ({}, {"parameters": {"timeout": 1}}),
    ),
    "tensorflow serving": Spoken(
        "/v1/models/{}:predict", instances, "/v1/models/digits", "/v1/nothing", (_LATE, {}), unknown=400
    ),
}


@pytest.fixture(scope="module")
def strict(digits_alone: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service with limits that a test can reach, and a model that is damaged."""
    folder = tmp_path_factory.mktemp("strict")
    store = Path(shutil.copytree(digits_alone, folder / "models"))
    (store / "broken" / "1").mkdir(parents=True)
    (store / "broken" / "1" / "manifest.json").write_text("{}")
    with running_service(store, folder / "log", "--default-model", "digits", *LIMITS) as service:
        yield service.client
        assert "Traceback" not in service.log.read_text()


def told(answer: httpx.Response, spoken: Spoken) -> str:
    """Return what an answer says is wrong, having seen that it says so in the protocol's shape."""
    if spoken is SPOKEN["native"]:
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert (problem["status"], set(problem)) == (
            answer.status_code,
            {"type", "title", "status", "detail"},
        )
        return str(problem["detail"])
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["error"]
    return str(answer.json()["error"])


Case = tuple[Callable[[Spoken, httpx.Client], httpx.Response], Callable[[Spoken], int], str]

CASES: dict[str, Case] = {
    "rows of another length": (lambda of, at: of.post(at, [1.0, 2.0]), lambda of: of.invalid, "64"),
    "no JSON": (lambda of, at: of.post(at, content=b"{"), lambda _: 400, "JSON"),
    "an unknown model": (lambda of, at: of.post(at, ROW, model="none"), lambda _: 404, "no model 'none'"),
    "an unknown variant": (lambda of, at: of.post(at, ROW, model="digits~x"), lambda _: 404, "'"),
    "an unknown address": (lambda of, at: at.get(of.nowhere), lambda of: of.unknown, "/nothing"),
    "another method": (lambda of, at: at.get(of.predict.format("digits")), lambda _: 405, "Not Allowed"),
    "another method elsewhere": (lambda of, at: at.delete(of.about), lambda _: 405, "Not Allowed"),
    "too many rows": (lambda of, at: of.post(at, *[ROW] * 4), lambda _: 413, "there are 4 rows; at most 3"),
    "too many bytes": (lambda of, at: of.post(at, content=b" " * 4001), lambda _: 413, "4000"),
    "an unknown coding": (
        lambda of, at: of.post(at, ROW, headers={"content-encoding": "br"}),
        lambda _: 415,
        "'br'",
    ),
    "too late": (
        lambda of, at: of.post(at, ROW, headers=of.late[0], **of.late[1]),
        lambda _: 504,
        "the time",
    ),
    "a damaged model": (lambda of, at: of.post(at, ROW, model="broken"), lambda _: 503, "manifest"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("protocol", SPOKEN)
def test_what_is_wrong_is_told_as_the_protocol_has_it(strict: httpx.Client, protocol: str, case: str) -> None:
    spoken, (send, status, detail) = SPOKEN[protocol], CASES[case]
    answer = send(spoken, strict)
    assert answer.status_code == status(spoken), answer.text
    assert detail in told(answer, spoken)
    assert ("allow" in answer.headers) == (answer.status_code == 405)
    assert spoken.post(strict, ROW).status_code == 200


@pytest.mark.parametrize("protocol", SPOKEN)
def test_a_body_that_does_not_arrive_is_a_408_and_the_end(strict: httpx.Client, protocol: str) -> None:
    spoken = SPOKEN[protocol]
    with Connection(strict) as connection:
        head = f"POST {spoken.predict.format('digits')} HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{{"
        connection.send(head.encode())
        answer = connection.read()
        assert connection.is_closed()
    assert (answer.status, answer.headers["connection"]) == (408, "close")
    response = httpx.Response(408, headers=answer.headers, content=answer.body)
    assert "did not arrive within 0.5 s" in told(response, spoken)


@pytest.mark.parametrize(
    ("headers", "status"), [("host: x\r\nx-large: " + "a" * 40_000, 431), ("host: x\r\nhost: y", 400)]
)
@pytest.mark.parametrize("protocol", SPOKEN)
def test_what_the_connection_refuses_is_told_as_the_protocol_has_it(
    strict: httpx.Client, protocol: str, headers: str, status: int
) -> None:
    spoken = SPOKEN[protocol]
    with Connection(strict) as connection:
        connection.send(f"GET {spoken.about} HTTP/1.1\r\n{headers}\r\n\r\n".encode())
        answer = connection.read()
        assert connection.is_closed()
    assert answer.status == status
    assert told(httpx.Response(status, headers=answer.headers, content=answer.body), spoken)


@pytest.fixture(scope="module")
def faulty(digits_alone: Path) -> Iterator[httpx.Client]:
    """A service with a middleware that fails where it is asked to."""
    with within(digits_alone, middleware=Faulty, preload=("float32",)) as client:
        yield client


@pytest.mark.parametrize("protocol", SPOKEN)
def test_a_fault_of_ours_is_a_500_without_a_word_of_it(faulty: httpx.Client, protocol: str) -> None:
    spoken, fail = SPOKEN[protocol], {"x-fail": "1"}
    for answer in (spoken.post(faulty, ROW, headers=fail), faulty.get(spoken.about, headers=fail)):
        assert answer.status_code == 500
        assert told(answer, spoken) == "internal error"
    assert spoken.post(faulty, ROW).status_code == 200


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda one: one.__name__)
def test_who_has_too_much_to_do_says_when_to_come_again(protocol: Any) -> None:
    status, headers, content = refuse(protocol, OverloadedError("too much", retry_after_s=3))
    assert status == 503
    assert dict(headers)[b"retry-after"] == b"3"
    assert b"too much" in content


def test_every_protocol_is_in_the_table() -> None:
    assert {owner(spoken.about) for spoken in SPOKEN.values()} == set(PROTOCOLS)
