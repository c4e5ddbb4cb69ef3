"""Requests mutated without mercy: never a 500, never a hang, no growth, and a right answer straight after."""

from __future__ import annotations

import gzip
import json
import random
import re
import socket
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import response_schema_conformance

from bundle.bundle import Bundle
from bundle.normalizer import FloatArray
from tests.patience import PATIENCE_S, wait_until
from tests.running_service import RunningService, running_service
from tests.service.metrics_text import scrape
from tests.service.wire.open_inference.requests import json_of, packed, vector

GROWTH_MAX = 48 * 2**20  # bytes; a leak of a single body of ours a request would be many times that
SILENCE_S = 0.05  # how long a server may think before we conclude that it waits for more

TOKENS = [
    *(
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"-0",
        b"1" * 400,
        b"null",
        b"true",
        b'"',
        b"\\ud800",
        b"\xff\xfe",
        b"\0",
    ),
    *(b"[" * 5000, b"{", b"]", b"}", b",", b"%00", b"%", b"%zz", b"&variant=int8", b"?", b"#", b": "),
    *(b"\r\n", b"\r\n\r\n", b"GET", b"HEAD", b"HTTP/1.0", b"HTTP/9.9", b"application/octet-stream"),
    *(b"Transfer-Encoding: chunked\r\n", b"Content-Length: 0\r\n", b"Content-Length: 99999999999\r\n"),
    *(b"Content-Encoding: gzip\r\n", b"Expect: 100-continue\r\n", b"Connection: close\r\n"),
    *(b"Upgrade: websocket\r\n", b"X-Timeout-Ms: 0.001\r\n", b"X-Timeout-Ms: soon\r\n"),
    *(b"Content-Encoding: deflate\r\n", b"Inference-Header-Content-Length: 9\r\n", b"~int8", b":predict"),
    *(b'{"b64": "AA=="}', b'"inputs"', b'"shape": [1, 99999999999]', b'"binary_data_size": 99999999999'),
    *(b"&variant=auto", b"&max_latency_ms=9", b"?min_accuracy=1e9", b"~auto", b"~cascade", b"&fallback="),
    *(b'"datatype": "BYTES"', b"/versions/9", b"/labels/x", b"\x1f\x8b\x08\0", b"\xff\xff\xff\xff"),
]


@pytest.fixture(scope="module")
def service(digits_alone: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    log = tmp_path_factory.mktemp("fuzz") / "log"
    with running_service(digits_alone, log, "--preload", "float32,int8") as service:
        yield service


class Template(NamedTuple):
    """A valid request, to be broken."""

    target: bytes
    headers: bytes
    body: bytes
    compress: Callable[[bytes], bytes] = bytes
    """What is done to the body before it is sent."""

    @property
    def whole(self) -> bytes:
        return framed(b"POST", self.target, self.headers, self.compress(self.body))


_GZIP, _DEFLATE = b"Content-Encoding: gzip\r\n", b"Content-Encoding: deflate\r\n"


def native(rows: FloatArray) -> list[Template]:
    text = json.dumps({"instances": rows.tolist()}).encode()
    octets = rows.astype("<f4").tobytes()
    return [
        Template(b"/predict", b"", text),
        Template(
            b"/predict?variant=int8&model=digits&version=1", b"Content-Type: application/json\r\n", text
        ),
        Template(
            b"/predict?variant=int8&timeout_ms=1000", b"Content-Type: application/octet-stream\r\n", octets
        ),
        Template(b"/predict", b"Accept: application/octet-stream\r\nX-Timeout-Ms: 1000\r\n", text),
    ]


def open_inference(rows: FloatArray) -> list[Template]:
    x = vector([len(rows), 64], rows.tolist())
    text = json_of(x, id="1")
    asked = json_of(
        x,
        outputs=[{"name": "probabilities", "parameters": {"classification": 2}}],
        parameters={"timeout": 9_000_000},
    )
    blob = rows.astype("<f4").tobytes()
    packed_body, length = packed(({"name": "x", "shape": [len(rows), 64], "datatype": "FP32"}, blob))
    said = b"Inference-Header-Content-Length: %d\r\n" % length
    return [
        Template(b"/v2/models/digits/infer", b"", text),
        Template(b"/v2/models/digits~int8/versions/1/infer", b"Content-Type: text/plain\r\n", asked),
        Template(b"/v2/models/digits~int8/infer", said, packed_body),
        Template(b"/v2/models/digits/infer", b"Inference-Header-Content-Length: 0\r\n", blob[:256]),
        Template(b"/v2/models/digits/infer", _GZIP, text, gzip.compress),
        Template(b"/v2/models/digits/infer", said + _DEFLATE, packed_body, zlib.compress),
    ]


def tensorflow_serving(rows: FloatArray) -> list[Template]:
    numbers = rows.tolist()
    instances = json.dumps({"signature_name": "serving_default", "instances": numbers}).encode()
    inputs = json.dumps({"inputs": {"x": numbers}, "signature_name": "labelled"}).encode()
    examples = json.dumps({"context": {}, "examples": [{"x": row} for row in numbers]}).encode()
    return [
        Template(b"/v1/models/digits:predict", b"", instances),
        Template(b"/v1/models/digits/labels/int8:predict", b"Content-Type: text/plain\r\n", inputs),
        Template(b"/v1/models/digits~int8/versions/1:classify", b"X-Timeout-Ms: 1000\r\n", examples),
        Template(b"/v1/models/digits/versions/0:predict", _GZIP, instances, gzip.compress),
        Template(b"/v1/models/digits:predict", _DEFLATE, inputs, zlib.compress),
    ]


PROTOCOLS = {one.__name__: one for one in (native, open_inference, tensorflow_serving)}


def broken_request(template: Template, chance: random.Random) -> bytes:
    """Break a part of a request and frame it as HTTP; or break the HTTP itself."""
    target, headers, body, compress = template
    part = chance.randrange(5)
    if part == 0:
        target = mutate(target, chance)
    elif part == 1:
        headers = mutate(headers, chance)
    elif part == 2:
        body = mutate(body, chance)
    content = compress(body)
    if part == 3:
        content = mutate(content, chance)
    whole = framed(chance.choice([b"POST"] * 9 + [b"PUT"]), target, headers, content)
    return mutate(whole, chance) if part == 4 else whole


def framed(method: bytes, target: bytes, headers: bytes, content: bytes) -> bytes:
    head = b"%s %s HTTP/1.1\r\nHost: test\r\n%sContent-Length: %d\r\n\r\n"
    return head % (method, target, headers, len(content)) + content


def mutate(whole: bytes, chance: random.Random) -> bytes:
    """Return the bytes with one to four wounds."""
    content = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        place, length = chance.randrange(len(content) + 1), chance.randint(1, 12)
        match chance.randrange(6):
            case 0:
                content[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                content[place:place] = chance.randbytes(length)
            case 2:
                del content[place : place + length * chance.choice([1, 1, 50])]
            case 3:
                content[place:place] = content[place : place + length] * chance.choice([1, 3, 200])
            case 4:
                content[place:place] = chance.choice(TOKENS)
            case _:
                content[place : place + length] = chance.choice(TOKENS)
    return bytes(content)


def exchange(address: tuple[str, int], request: bytes, silence_s: float = SILENCE_S) -> bytes:
    """Send a request and return whatever comes back before the server closes, or falls silent."""
    with socket.create_connection(address, timeout=PATIENCE_S) as connection:
        received = bytearray()
        try:
            connection.sendall(request)
            connection.settimeout(silence_s)
            while piece := connection.recv(65536):
                received += piece
                if b"\r\n\r\n" in received:
                    break
        except TimeoutError:
            pass  # it waits for the rest of what we broke off
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has seen enough
    return bytes(received)


def status_of(answer: bytes) -> str:
    status = re.match(rb"HTTP/1\.1 (\d{3})", answer)
    return status[1].decode() if status else "nothing"


def bombard(service: RunningService, whole: list[Template], count: int, seed: int) -> Counter[str]:
    """Send `count` mutated requests, and return how often each status was answered."""
    chance = random.Random(seed)
    answered: Counter[str] = Counter()
    for _ in range(count):
        request = broken_request(chance.choice(whole), chance)
        answer = exchange(address_of(service), request)
        status = status_of(answer)
        answered[status] += 1
        assert status == "nothing" or status < "500" or status in ("503", "504"), (request, answer)
    return answered


def address_of(service: RunningService) -> tuple[str, int]:
    url = service.client.base_url
    return url.host, url.port or 80


def assert_unharmed(service: RunningService, rows: FloatArray, expected: FloatArray) -> None:
    """See that the next request is answered rightly, and that nobody waits any more."""
    answer = service.client.post("/predict?variant=int8", json={"instances": rows.tolist()})
    np.testing.assert_allclose(answer.json()["probabilities"], expected, atol=1e-6)
    assert service.client.get("/health/ready").status_code == 200
    assert "Traceback" not in service.log.read_text()
    wait_until(lambda: scrape(service.client, "waiting_rows") == 0)


def series(service: RunningService) -> int:
    return len(service.client.get("/metrics").text.splitlines())


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "count", [pytest.param(200, id="short"), pytest.param(20_000, marks=pytest.mark.slow, id="long")]
)
def test_mutated_requests_do_no_harm(
    service: RunningService, rows: FloatArray, expected: dict[str, FloatArray], count: int, protocol: str
) -> None:
    whole = PROTOCOLS[protocol](rows[:2])
    bombard(service, whole, min(500, count // 2), seed=1)  # whatever grows once has grown
    memory, known = psutil.Process(service.process.pid).memory_info().rss, series(service)
    answered = bombard(service, whole, count, seed=2)
    print(f"\n{count} mutated requests: {dict(answered.most_common())}")  # noqa: T201 - shown by -s
    assert {"200", "400", "404", *(["422"] if protocol == "native" else [])} <= set(answered)
    assert_unharmed(service, rows, expected["int8"])
    assert psutil.Process(service.process.pid).memory_info().rss - memory < GROWTH_MAX
    assert series(service) <= known + 20 * 3  # statuses not seen before, and nothing that a client named
    for template in whole:
        answer = exchange(address_of(service), template.whole, silence_s=PATIENCE_S)
        assert status_of(answer) == "200", (template.whole, answer)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "examples", [pytest.param(8, id="short"), pytest.param(1_000, marks=pytest.mark.slow, id="long")]
)
def test_whatever_the_schema_allows_or_forbids_is_answered_as_it_says(
    service: RunningService, digits: Bundle, rows: FloatArray, expected: dict[str, FloatArray], examples: int
) -> None:
    url = str(service.client.base_url)
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    generation = schema.config.generation
    generation.update(modes=list(schemathesis.GenerationMode))
    for operation in schema.get_all_operations():
        api: Any = operation.ok()  # type: ignore[union-attr] # an operation in error fails the test here

        @settings(
            max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        @given(case=api.as_strategy() | api.as_strategy(schemathesis.GenerationMode.NEGATIVE))
        def every_case(case: Any) -> None:
            response = case.call(base_url=url)
            assert response.status_code < 500, response.text
            case.validate_response(response, checks=[response_schema_conformance])

        every_case()
    assert_unharmed(service, rows, expected["int8"])
