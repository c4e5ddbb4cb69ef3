"""A request is the same bytes whoever sends it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.errors import ProcessError
from benchmarks.load.request import OCTETS, json_request, octets_request, plain, sent_at_once
from bundle.store import ModelStore

ROWS = np.array([[17.99, 10.38]], np.float32)


def test_rows_are_written_as_a_person_would() -> None:
    assert plain(ROWS) == [[17.99, 10.38]]


def test_a_request_is_encoded_whole_with_its_type_and_length() -> None:
    request = json_request("/predict?variant=int8", {"instances": plain(ROWS)})
    head, _, body = request.encoded("http://127.0.0.1:8000").partition(b"\r\n\r\n")
    assert body == request.body == b'{"instances":[[17.99,10.38]]}'
    assert head.decode().splitlines() == [
        "POST /predict?variant=int8 HTTP/1.1",
        "Host: 127.0.0.1:8000",
        "Content-Type: application/json",
        "Accept: application/json",
        "Content-Length: 29",
    ]


def test_octets_are_little_endian_float32() -> None:
    request = octets_request("/predict", ROWS)
    assert np.array_equal(np.frombuffer(request.body, "<f4"), ROWS[0])
    assert request.content_type == OCTETS


def test_requests_that_are_sent_at_once_are_answered_in_their_order(
    models: Path, start_fake: Callable[..., str]
) -> None:
    rows = ModelStore(models).open("digits").test_set()[0][:8]
    requests = [json_request("/predict?variant=int8", {"instances": plain(row[np.newaxis])}) for row in rows]
    host = start_fake()
    answers = sent_at_once(requests, host)
    assert answers == [request.send(host) for request in requests]
    assert len(set(answers)) > 1
    with pytest.raises(ProcessError, match="answered 404"):
        sent_at_once([*requests, json_request("/predict?variant=none", {})], host)


def test_a_request_goes_to_its_server_past_any_proxy_of_the_environment(
    start_fake: Callable[..., str], unused_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, unused_address)
    host = start_fake()
    with pytest.raises(ProcessError, match=r"answered 404: .*no variant 'none'"):
        json_request("/predict?variant=none", {"instances": []}).send(host)
